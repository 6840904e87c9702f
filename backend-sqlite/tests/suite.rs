//! The SQLite backend obeys the laws.

use std::sync::Arc;

use async_trait::async_trait;
use backend_sqlite::{SqliteBackend, SqliteOptions};
use conformance::backend_suite::Place;
use storage_core::Backend;
use tempfile::TempDir;

struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }
}

#[async_trait]
impl Place for Directory {
    async fn open(&self) -> Arc<dyn Backend> {
        let options = SqliteOptions::new(self.0.path().join("state.db"));
        Arc::new(SqliteBackend::open(options).await.expect("it opens"))
    }
}

conformance::backend_suite!(Directory::new());
