use crate::backend::BackendError;
use crate::filling::FillError;
use crate::store::OpenError;

/// Why a store was not copied. The source is as it was in any case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source cannot be read.
    #[error("the source cannot be read: {0}")]
    Source(#[source] OpenError),
    /// No store was ever opened on the source.
    #[error("the source holds nothing")]
    SourceEmpty,
    /// The source holds a part of what a restore or another copy was to bring.
    #[error("the source holds a restore or a copy that was not finished")]
    SourceUnfinished,
    /// Source and destination are one log, or copies of its files.
    #[error("the source and the destination are the same")]
    Same,
    /// The destination is a store. It was left as it was.
    #[error("the destination is not empty")]
    NotEmpty,
    /// The destination holds a part of something else: of a restore, or of a copy of another store. It was left as it was.
    #[error("the destination holds a part of something else, a restore or a copy of another store")]
    OtherUnfinished,
    /// The destination holds a part of a copy, but not of what the source is now: the source was put back to an earlier state and
    /// went another way, say. It was left as it was.
    #[error("the destination holds a part of a copy that does not fit the source as it is now")]
    Diverged,
    /// The destination cannot be read or written. What is there can be gone on with.
    #[error("the destination failed: {0}")]
    Destination(#[source] BackendError),
    /// What was written to the destination cannot be read.
    #[error("what was written to the destination cannot be read: {0}")]
    Unreadable(#[source] OpenError),
    /// Another process writes to the destination.
    #[error("another process writes to the destination")]
    Contended,
    /// The destination is not what the source is. No store opens on it.
    #[error("the copy is not what the source is: {0}")]
    Differs(&'static str),
}

impl CopyError {
    pub(super) fn source(error: BackendError) -> Self {
        Self::Source(error.into())
    }
}

impl From<FillError> for CopyError {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Backend(error) => Self::Destination(error),
            FillError::Contended => Self::Contended,
        }
    }
}
