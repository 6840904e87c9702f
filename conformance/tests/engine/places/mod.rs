//! Where the logs of random cases are kept, to be opened again and again.

mod postgres;

use std::sync::Arc;

use async_trait::async_trait;
use backend_sled::{SledBackend, SledOptions};
use backend_sqlite::{SqliteBackend, SqliteOptions};
use conformance::backend_suite::Place;
use storage_core::{Backend, MemoryBackend};
use tempfile::TempDir;

pub(crate) use self::postgres::Postgres;
use crate::support::gate::Gate;
use crate::support::seed::Time;

/// A place that is made for each case, and how time goes by there.
pub(crate) trait Fresh: Place + Default {
    const TIME: Time;
}

/// Where several stores may be open at once.
#[async_trait]
pub(crate) trait Shared: Fresh {
    /// All connections to it end, if there are any.
    async fn break_connections(&self);
}

#[derive(Default)]
pub(crate) struct Memory(Arc<MemoryBackend>);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> Arc<dyn Backend> {
        self.0.reopen();
        Arc::clone(&self.0) as _
    }
}

impl Fresh for Memory {
    const TIME: Time = Time::Paused;
}

/// A log in memory that several stores share.
pub(crate) struct SharedMemory(Arc<MemoryBackend>);

impl Default for SharedMemory {
    fn default() -> Self {
        Self(Arc::new(MemoryBackend::shared()))
    }
}

#[async_trait]
impl Place for SharedMemory {
    /// One store that closes it does not close it for the others.
    async fn open(&self) -> Arc<dyn Backend> {
        Gate::kept_open(Arc::clone(&self.0) as _)
    }
}

impl Fresh for SharedMemory {
    const TIME: Time = Time::Paused;
}

#[async_trait]
impl Shared for SharedMemory {
    async fn break_connections(&self) {}
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

impl Fresh for SqliteFile {
    const TIME: Time = Time::Real;
}

/// A directory of its own, which goes with this value.
pub(crate) struct SledDirectory(TempDir);

impl Default for SledDirectory {
    fn default() -> Self {
        Self(TempDir::new().expect("a temporary folder can be made"))
    }
}

#[async_trait]
impl Place for SledDirectory {
    async fn open(&self) -> Arc<dyn Backend> {
        let options = SledOptions::new(self.0.path().join("store"));
        Arc::new(SledBackend::open(options).await.expect("the directory opens"))
    }
}

impl Fresh for SledDirectory {
    const TIME: Time = Time::Real;
}
