//! What SQLite's result codes mean for a caller.

use rusqlite::{ErrorCode, ffi};
use storage_core::backend::{BackendError, Cause};
use storage_core::commit::CommitCodecError;

/// Why a statement, or what was made of its rows, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Damaged(#[from] CommitCodecError),
    #[error("the caller gave up")]
    GaveUp,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What a failure leaves behind, once the transaction is rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    /// None: the same call may succeed later.
    None,
    /// The file, or our picture of it, cannot be trusted any more.
    Lasting,
}

impl Failure {
    fn harm(&self) -> Harm {
        let code = match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => error,
            Self::GaveUp => return Harm::None,
            _ => return Harm::Lasting,
        };
        // Only what is known to be refused before anything was changed; all else might be the disk.
        match code.code {
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::TooBig
            | ErrorCode::CannotOpen => Harm::None,
            ErrorCode::ReadOnly if code.extended_code != ffi::SQLITE_READONLY_DBMOVED => Harm::None,
            _ => Harm::Lasting,
        }
    }

    /// Whether writing must stop until the file is opened again, even if the transaction was rolled back.
    pub(crate) fn is_lasting(&self) -> bool {
        self.harm() == Harm::Lasting
    }

    /// The error of a call that changed nothing.
    pub(crate) fn unchanged(self) -> BackendError {
        let lasting = self.is_lasting();
        let cause = self.cause();
        if lasting { BackendError::Fatal(cause) } else { BackendError::Determinate(cause) }
    }

    /// The error of a read: an I/O error may pass, damage does not.
    pub(crate) fn of_read(self) -> BackendError {
        let code = match &self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Damaged(_) => Some(ErrorCode::DatabaseCorrupt),
            Self::GaveUp => None,
        };
        let damage = matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
        let cause = self.cause();
        if damage { BackendError::Fatal(cause) } else { BackendError::Determinate(cause) }
    }

    fn cause(self) -> Cause {
        let words = match &self {
            Self::Sqlite(error) => words(error.sqlite_error_code()),
            Self::Damaged(_) => "the database file is damaged and should be restored from a backup",
            Self::GaveUp => return Cause::new("the caller gave up"),
        };
        Cause::with_source(words, self)
    }
}

fn words(code: Option<ErrorCode>) -> &'static str {
    match code {
        Some(ErrorCode::DiskFull) => "no space left on the disk",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program has locked the database file",
        Some(ErrorCode::OutOfMemory) => "out of memory",
        Some(ErrorCode::ReadOnly) => "the database file is read-only",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the database file is damaged and should be restored from a backup"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk failed",
        _ => "SQLite failed",
    }
}
