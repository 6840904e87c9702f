//! How the file is opened.

use std::path::PathBuf;
use std::time::Duration;

use storage_core::Durability;

/// How long a statement waits for another program that holds the file's own locks.
const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Which file to open, and how. Made by [`SqliteOptions::new`] or, from a DSN, by [`SqliteOptions::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The database file.
    pub path: PathBuf,
    /// Whether a missing file is created; its directory too.
    pub create: bool,
    /// [`Durability::Fsync`], or [`Durability::OsCache`]: then a power failure may take back the last acknowledged
    /// commits, though it tears none. Anything else counts as `Fsync`.
    pub durability: Durability,
    /// How long to wait for another program that has locked the file.
    pub busy_timeout: Duration,
    /// What a user should know of the DSN: parameters that were accepted and mean nothing here, one line each.
    pub warnings: Vec<String>,
}

impl SqliteOptions {
    /// The file at `path`, created if missing, with a flush to the disk before every answer.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            durability: Durability::Fsync,
            busy_timeout: DEFAULT_BUSY_TIMEOUT,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn flushes(&self) -> bool {
        self.durability != Durability::OsCache
    }
}
