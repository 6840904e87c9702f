//! Why a file could not be opened.

use std::fs::TryLockError;
use std::path::PathBuf;

use rusqlite::ffi;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a file could not be opened: one line that says what to do. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The DSN makes no sense.
    #[error("the DSN of the SQLite file makes no sense: {reason}")]
    Dsn {
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such file, and the DSN says not to create it.
    #[error("{path:?} does not exist; mode=rwc would create it")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A directory, a device, a socket.
    #[error("{path:?} is not a regular file; name a file for the database")]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} {path:?}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Some other kind of file.
    #[error("{path:?} is not a SQLite database; it was left alone, choose another file")]
    NotSqlite {
        /// The file.
        path: PathBuf,
    },
    /// A database, but not ours.
    #[error("{path:?} is a SQLite database of another program; it was left alone, choose another file")]
    OtherProgram {
        /// The file.
        path: PathBuf,
    },
    /// A database of kine's, whose tables are others.
    #[error(
        "{path:?} is kine's own database, whose tables are not read here; it was left alone: choose another file, or go \
         on with kine"
    )]
    Kine {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error(
        "{path:?} has schema version {found}, this program knows up to {known}; run the version that wrote it, or a later one"
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: i32,
        /// The newest version known here.
        known: i32,
    },
    /// Another process serves this file.
    #[error("{path:?} is in use by another process; stop that one or choose another file")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// There is a write-ahead log, but not the database that it belongs to.
    #[error(
        "{path:?} is missing or empty, but {log:?} is there and holds data; restore the database beside it, or move it away"
    )]
    LogWithoutDatabase {
        /// The file.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// The file is one of ours, and broken.
    #[error("{path:?} is damaged; restore it from a backup: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Source,
    },
    /// The disk is full.
    #[error("cannot open {path:?}: no space left on the disk; free some and start again")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("cannot open {path:?}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Source,
    },
}

impl OpenError {
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// The lock of `path` is the file `lock`.
    pub(crate) fn lock(path: impl Into<PathBuf>, lock: impl Into<PathBuf>) -> impl FnOnce(TryLockError) -> Self {
        let (path, lock) = (path.into(), lock.into());
        move |error| match error {
            TryLockError::WouldBlock => Self::Locked { path },
            TryLockError::Error(source) => Self::io("lock", lock)(source),
        }
    }

    /// What sqlx reports carries SQLite's result code as text.
    pub(crate) fn sqlx(path: impl Into<PathBuf>) -> impl FnOnce(sqlx::Error) -> Self {
        let path = path.into();
        move |source| {
            let code = source.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i32>().ok());
            // The extended codes have the primary one in their low byte.
            match code.map(|code| code & 0xff) {
                Some(ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB) => Self::Damaged { path, source: source.into() },
                Some(ffi::SQLITE_FULL) => Self::DiskFull { path },
                _ => Self::Sqlite { path, source: source.into() },
            }
        }
    }

    pub(crate) fn sqlite<E: Into<Source>>(path: impl Into<PathBuf>) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |source| Self::Sqlite { path, source: source.into() }
    }
}
