//! The sled backend obeys the laws.

use std::sync::Arc;

use async_trait::async_trait;
use backend_sled::{SledBackend, SledOptions};
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
        let options = SledOptions::new(self.0.path().join("store"));
        Arc::new(SledBackend::open(options).await.expect("it opens"))
    }
}

conformance::backend_suite!(Directory::new());
