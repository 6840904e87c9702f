//! One server a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::OpenError;
use crate::file::LOCK;

/// Holds `lock` in the directory until dropped. sled's own lock would stand in a directory that it has changed by then. The
/// lock file stays: removing it would race.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
}

impl FileLock {
    pub(crate) fn acquire(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join(LOCK);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(&path).map_err(OpenError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: directory.into() }),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_still_has_the_file_open_does_not_keep_the_lock() {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let path = directory.path();
        let lock = FileLock::acquire(path).expect("nobody has it");
        let inherited = lock.file.try_clone().expect("it is open");
        assert!(matches!(FileLock::acquire(path), Err(OpenError::Locked { .. })));
        drop(lock);
        FileLock::acquire(path).expect("it was let go");
        drop(inherited);
    }
}
