//! Where the logs of random cases are kept, to be opened again and again.

use std::sync::Arc;

use async_trait::async_trait;
use backend_sqlite::{SqliteBackend, SqliteOptions};
use conformance::backend_suite::Place;
use storage_core::{Backend, MemoryBackend};
use tempfile::TempDir;

#[derive(Default)]
pub(crate) struct Memory(Arc<MemoryBackend>);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> Arc<dyn Backend> {
        self.0.reopen();
        Arc::clone(&self.0) as _
    }
}

/// A file of its own, which goes with this value.
pub(crate) struct SqliteFile(TempDir);

impl Default for SqliteFile {
    fn default() -> Self {
        Self(TempDir::new().expect("a temporary folder can be made"))
    }
}

#[async_trait]
impl Place for SqliteFile {
    async fn open(&self) -> Arc<dyn Backend> {
        let options = SqliteOptions::new(self.0.path().join("state.db"));
        Arc::new(SqliteBackend::open(options).await.expect("the file opens"))
    }
}
