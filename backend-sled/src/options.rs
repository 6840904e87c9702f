//! How the directory is opened.

use std::path::PathBuf;

/// What sled may keep of the tree in memory. The engine has a cache of values of its own, so this one is small.
pub(crate) const DEFAULT_CACHE_BYTES: u64 = 16 << 20;
/// Below this sled would read the same pages over and over for one append.
pub(crate) const MIN_CACHE_BYTES: u64 = 1 << 20;

/// Which directory to open, and how. Made by [`SledOptions::new`] or, from a DSN, by [`SledOptions::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SledOptions {
    /// The directory.
    pub path: PathBuf,
    /// Whether a missing directory is created.
    pub create: bool,
    /// About how many bytes of pages sled keeps in memory.
    pub cache_bytes: u64,
}

impl SledOptions {
    /// The directory at `path`, created if missing.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), create: true, cache_bytes: DEFAULT_CACHE_BYTES }
    }
}
