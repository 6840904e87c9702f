//! One server a store.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Holds the lock on a file of its own until dropped. The file stays: removing it would race.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Creates the file if it is not there, and locks it.
    ///
    /// # Errors
    /// [`WouldBlock`](TryLockError::WouldBlock) if someone has the lock; what the system said if the file cannot be opened or locked.
    pub fn acquire(path: &Path) -> Result<Self, TryLockError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(path).map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(Self { file })
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
        let path = &directory.path().join("lock");
        let lock = FileLock::acquire(path).expect("nobody has it");
        let inherited = lock.file.try_clone().expect("it is open");
        assert!(matches!(FileLock::acquire(path), Err(TryLockError::WouldBlock)));
        drop(lock);
        FileLock::acquire(path).expect("it was let go");
        drop(inherited);
    }
}
