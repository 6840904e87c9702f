//! What the tests share.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};

use backend_sled::{OpenError, SledBackend, SledOptions};
use tempfile::TempDir;

/// A place for one store.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().expect("a temporary directory") }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    pub(crate) async fn open(&self) -> SledBackend {
        SledBackend::open(SledOptions::new(self.file())).await.expect("it opens")
    }

    /// Opening must fail.
    pub(crate) async fn refused(&self) -> OpenError {
        refused(&self.file()).await
    }
}

pub(crate) async fn refused(path: &Path) -> OpenError {
    let error = SledBackend::open(SledOptions::new(path)).await.expect_err("it must not open");
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    error
}
