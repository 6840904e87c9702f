//! What the tests share.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};

use backend_sqlite::{OpenError, SqliteBackend, SqliteOptions};
use rusqlite::Connection;
use tempfile::TempDir;

/// A directory for one database.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().expect("a temporary directory") }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("state.db")
    }

    pub(crate) async fn open(&self) -> SqliteBackend {
        SqliteBackend::open(SqliteOptions::new(self.file())).await.expect("it opens")
    }

    /// Opening must fail.
    pub(crate) async fn refused(&self) -> OpenError {
        refused(&self.file()).await
    }

    /// As another program would look into the file.
    pub(crate) fn stranger(&self) -> Connection {
        Connection::open(self.file()).expect("a connection")
    }
}

pub(crate) async fn refused(path: &Path) -> OpenError {
    let error = SqliteBackend::open(SqliteOptions::new(path)).await.expect_err("it must not open");
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    error
}
