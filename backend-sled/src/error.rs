//! Why a directory could not be opened.

use std::fs::TryLockError;
use std::path::PathBuf;

/// Why a directory could not be opened: one line that says what to do. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The DSN makes no sense.
    #[error("the DSN of the sled directory makes no sense: {reason}")]
    Dsn {
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such directory, and the DSN says not to create it.
    #[error("{path:?} does not exist; mode=rwc would create it")]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// A file, a device, a socket.
    #[error("{path:?} is not a directory; name a directory for sled")]
    NotADirectory {
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
    /// A directory that holds something else, a sled store of another program perhaps.
    #[error("{path:?} holds something else than a store of this program; it was left alone, choose another directory")]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error(
        "{path:?} has schema version {found}, this program knows up to {known}; run the version that wrote it, or a later one"
    )]
    NewerSchema {
        /// The directory.
        path: PathBuf,
        /// The version in it.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// Another process serves this directory.
    #[error("{path:?} is in use by another process; stop that one or choose another directory")]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The directory is one of ours, and broken.
    #[error("{path:?} is damaged; restore it from a backup: {reason}")]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// sled refused.
    #[error("cannot open {path:?}: {reason}")]
    Sled {
        /// The directory.
        path: PathBuf,
        /// What sled said.
        reason: String,
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

    pub(crate) fn failure(path: impl Into<PathBuf>) -> impl FnOnce(crate::failure::Failure) -> Self {
        let path = path.into();
        move |failure| {
            let reason = failure.to_string();
            if failure.is_damage() { Self::Damaged { path, reason } } else { Self::Sled { path, reason } }
        }
    }
}
