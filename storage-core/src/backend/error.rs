//! Failures of a backend, by what the caller may do next.

use std::error::Error;
use std::fmt;

/// Why a backend could not do it. The variant is the law: it says whether the thing may have happened.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// It did not happen; the same call may be tried again.
    #[error("{0}")]
    Determinate(#[source] Cause),
    /// It may have happened: read the log back and compare [`CommitId`](crate::CommitId)s. A driver's unknown error is
    /// of this kind.
    #[error("outcome unknown: {0}")]
    Indeterminate(#[source] Cause),
    /// The backend is of no more use until it is opened again: corrupt, closed, or a flush failed.
    #[error("storage has failed: {0}")]
    Fatal(#[source] Cause),
}

/// What went wrong, in words without keys or values.
#[derive(Debug)]
pub struct Cause {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    is_unreachable: bool,
}

impl Cause {
    /// A cause in plain words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None, is_unreachable: false }
    }

    /// A cause in plain words, with the error below it.
    pub fn with_source(message: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { message: message.into(), source: Some(source.into()), is_unreachable: false }
    }

    /// The same where nobody answered: once somebody does, the backend is well again.
    #[must_use]
    pub fn of_nobody_there(self) -> Self {
        Self { is_unreachable: true, ..self }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

impl BackendError {
    /// Whether nobody answered.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.cause().is_unreachable
    }

    pub(crate) fn cause(&self) -> &Cause {
        let (Self::Determinate(cause) | Self::Indeterminate(cause) | Self::Fatal(cause)) = self;
        cause
    }

    /// The same failure where something else of unknown outcome depends on it.
    pub(crate) fn into_unknown(self) -> Self {
        match self {
            Self::Determinate(cause) | Self::Indeterminate(cause) => Self::Indeterminate(cause),
            Self::Fatal(cause) => Self::Fatal(cause),
        }
    }

    /// A determinate failure in plain words.
    pub fn determinate(message: impl Into<String>) -> Self {
        Self::Determinate(Cause::new(message))
    }

    /// A failure of unknown outcome in plain words.
    pub fn indeterminate(message: impl Into<String>) -> Self {
        Self::Indeterminate(Cause::new(message))
    }

    /// A fatal failure in plain words.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self::Fatal(Cause::new(message))
    }
}
