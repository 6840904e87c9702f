//! The [`Backend`] itself: hands calls to the threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backend_embedded::{Calls, Query};
use bytes::Bytes;
use storage_core::backend::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, CompactStep, LoadBatch, ScanFrom, ScanLimits,
};
use storage_core::commit::{Commit, Group};
use storage_core::stats::BackendStats;
use storage_core::{Durability, Position, Size, VersionId};
use tokio::sync::{mpsc, watch};

use crate::backup;
use crate::connection::open_reader;
use crate::error::OpenError;
use crate::failure::Failure;
use crate::file;
use crate::options::SqliteOptions;
use crate::reader;
use crate::schema;
use crate::shared::Shared;
use crate::threads::Threads;
use crate::writer::Command;

/// The commit log in a SQLite file. See the crate's documentation for how it works.
///
/// Close it with [`Backend::close`]; merely dropping it does the same and waits for it.
#[derive(Debug)]
pub struct SqliteBackend {
    path: PathBuf,
    durability: Durability,
    busy_timeout: Duration,
    shared: Arc<Shared>,
    calls: Calls<Command, Threads>,
}

impl SqliteBackend {
    /// Opens or creates the file and takes its lock.
    ///
    /// # Errors
    /// If the file cannot be used. Then nothing was changed.
    pub async fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        let prepared = file::prepare(&options).await?;
        schema::check(&prepared.path, options.busy_timeout).await?;
        let path = prepared.path.clone();
        let (threads, shared) = Threads::start(prepared, &options)?;
        Ok(Self {
            durability: if options.flushes() { Durability::Fsync } else { Durability::OsCache },
            busy_timeout: options.busy_timeout,
            path,
            shared,
            calls: Calls::new(Arc::clone(&threads.commands), Arc::clone(&threads.queries), threads),
        })
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo { name: "sqlite", durability: self.durability, shared: false }
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        self.calls.check_open()?;
        Ok(self.shared.known.bounds())
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        assert!(!group.is_empty(), "a group is not empty");
        let dense = group.iter().zip(expected.0 + 1..).all(|(commit, position)| commit.position.0 == position);
        assert!(dense, "positions are dense");
        self.calls.command(|reply| Command::Append { expected, group, reply }).await
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.calls.query(|reply| Query::Scan { from, limits, reply }).await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let load = move || open_reader(&path, busy_timeout).and_then(|connection| reader::load(&connection, &sink));
        self.calls.at_length("sqlite-load", load).await?.map_err(Failure::of_read)
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        let ids = ids.to_vec();
        self.calls.query(|reply| Query::Values { ids, reply }).await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        self.calls.command(|reply| Command::Compact { step, reply }).await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.shared.known.tip()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        Ok(self.bounds().await?.position)
    }

    fn size(&self) -> Size {
        self.shared.size()
    }

    fn stats(&self) -> BackendStats {
        self.shared.known.stats()
    }

    async fn defragment(&self) -> Result<(), BackendError> {
        // Small steps, so that appends come between.
        while self.calls.command(|reply| Command::Vacuum { reply }).await? {}
        self.calls.command(|reply| Command::Truncate { reply }).await
    }

    async fn backup(&self, path: &Path) -> Result<(), BackendError> {
        self.calls.check_open()?;
        backup::backup(&self.path, path).await
    }

    async fn close(&self) -> Result<(), BackendError> {
        self.calls.close().await
    }
}
