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
    _file: File,
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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: database.into() }),
            Err(TryLockError::Error(error)) => Err(OpenError::io("lock", &path)(error)),
        }
    }
}

/// The path of a file beside the database, named after it.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}
