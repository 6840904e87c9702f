//! Why a measurement came to nothing.

/// A failure of the harness or of a contender; no figure is made from what came before it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// A file, a process or a socket.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A connection broke.
    #[error("connection: {0}")]
    Connection(#[from] hyper::Error),
    /// A request failed.
    #[error("request: {0}")]
    Request(Box<tonic::Status>),
    /// A server did not do what it was asked.
    #[error("{0}")]
    Unexpected(String),
}

impl From<tonic::Status> for HarnessError {
    fn from(status: tonic::Status) -> Self {
        Self::Request(Box::new(status))
    }
}

impl HarnessError {
    /// A server did not do what it was asked.
    pub fn unexpected(what: impl Into<String>) -> Self {
        Self::Unexpected(what.into())
    }
}
