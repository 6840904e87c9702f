//! One server a file.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// Holds `<database>.lock` until dropped. SQLite's own locks would let two servers in, each with its own idea of
/// the log; this one does not keep other programs from reading the database. The lock file stays: removing it would race.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
}

impl FileLock {
    pub(crate) fn acquire(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database, ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(OpenError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: database.into() }),
            Err(TryLockError::Error(error)) => Err(OpenError::io("lock", &path)(error)),
        }
    }
}

/// A process that is just being started from this one has inherited the file, until it becomes another program. Closing alone
/// would leave the lock to it for that long.
impl Drop for FileLock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock goes when the file is closed");
        }
    }
}

/// The path of a file beside the database, named after it.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_still_has_the_file_open_does_not_keep_the_lock() {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let path = &directory.path().join("state.db");
        let lock = FileLock::acquire(path).expect("nobody has it");
        let inherited = lock.file.try_clone().expect("it is open");
        assert!(matches!(FileLock::acquire(path), Err(OpenError::Locked { .. })));
        drop(lock);
        FileLock::acquire(path).expect("it was let go");
        drop(inherited);
    }
}
