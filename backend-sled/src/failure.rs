//! What sled's errors mean for a caller.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use storage_core::backend::{BackendError, Cause};
use storage_core::commit::CommitCodecError;

/// Why sled, or what was made of its records, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Sled(#[from] sled::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Damaged(#[from] CommitCodecError),
    #[error("a stored record is malformed")]
    Malformed,
    /// Its words may hold keys and values.
    #[error("sled panicked")]
    Panicked,
    /// The store and its copy changed places, perhaps not for good.
    #[error("the directory could not be synced: {0}")]
    Unsynced(io::Error),
    #[error("the caller gave up")]
    GaveUp,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Whether what is on the disk cannot be right.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Malformed | Self::Panicked | Self::Sled(sled::Error::Corruption { .. }))
    }

    /// The error of a read: an I/O error may pass, damage does not.
    pub(crate) fn of_read(self) -> BackendError {
        match &self {
            Self::GaveUp => BackendError::determinate("the caller gave up"),
            _ if self.is_damage() => {
                let words = "the sled store is damaged and should be restored from a backup";
                BackendError::Fatal(Cause::with_source(words, self))
            }
            _ => BackendError::Determinate(Cause::with_source("sled could not read", self)),
        }
    }
}

/// Runs what calls sled, which panics at some failures where it should return them.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // Whoever fails in here is not used again, or only reads.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failure::Panicked))
}
