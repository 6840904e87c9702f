//! The [`Backend`] itself: hands calls to the threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use storage_core::backend::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, Cause, CompactStep, LoadBatch, ScanFrom, ScanLimits,
};
use storage_core::commit::{Commit, Group};
use storage_core::stats::BackendStats;
use storage_core::{Durability, Position, Size, VersionId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::backup;
use crate::connection::open_reader;
use crate::error::OpenError;
use crate::failure::Failure;
use crate::file;
use crate::options::SqliteOptions;
use crate::queue::{Closed, Queue};
use crate::reader::{self, Query};
use crate::schema;
use crate::shared::Shared;
use crate::threads::{Threads, on_thread};
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
    closed: AtomicBool,
    commands: Arc<Queue<Command>>,
    queries: Arc<Queue<Query>>,
    threads: Arc<Mutex<Option<Threads>>>,
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
            closed: AtomicBool::new(false),
            commands: Arc::clone(&threads.commands),
            queries: Arc::clone(&threads.queries),
            threads: Arc::new(Mutex::new(Some(threads))),
        })
    }

    async fn command<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, BackendError>>) -> Command,
    ) -> Result<T, BackendError> {
        self.check_open()?;
        let (reply, answer) = oneshot::channel();
        self.commands.push(make(reply)).map_err(|Closed| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn query<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T, BackendError>>) -> Query,
    ) -> Result<T, BackendError> {
        self.check_open()?;
        let (reply, answer) = oneshot::channel();
        self.queries.push(make(reply)).map_err(|Closed| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn check_open(&self) -> Result<(), BackendError> {
        if self.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }
}

fn closed() -> BackendError {
    BackendError::fatal("the store is closed")
}

#[async_trait]
impl Backend for SqliteBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo { name: "sqlite", durability: self.durability, shared: false }
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        self.check_open()?;
        Ok(self.shared.bounds())
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        assert!(!group.is_empty(), "a group is not empty");
        let dense = group.iter().zip(expected.0 + 1..).all(|(commit, position)| commit.position.0 == position);
        assert!(dense, "positions are dense");
        self.command(|reply| Command::Append { expected, group, reply }).await
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.query(|reply| Query::Scan { from, limits, reply }).await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        self.check_open()?;
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let (reply, answer) = oneshot::channel();
        on_thread("sqlite-load", move || {
            let loaded = open_reader(&path, busy_timeout).and_then(|connection| reader::load(&connection, &sink));
            drop(reply.send(loaded.map_err(Failure::of_read)));
        })
        .map_err(|e| BackendError::Determinate(Cause::with_source("no thread to load with", e)))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        let ids = ids.to_vec();
        self.query(|reply| Query::Values { ids, reply }).await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        self.command(|reply| Command::Compact { step, reply }).await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.shared.tip()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        Ok(self.bounds().await?.position)
    }

    fn size(&self) -> Size {
        self.shared.size()
    }

    fn stats(&self) -> BackendStats {
        self.shared.stats()
    }

    async fn defragment(&self) -> Result<(), BackendError> {
        // Small steps, so that appends come between.
        while self.command(|reply| Command::Vacuum { reply }).await? {}
        self.command(|reply| Command::Truncate { reply }).await
    }

    async fn backup(&self, path: &Path) -> Result<(), BackendError> {
        self.check_open()?;
        backup::backup(&self.path, path).await
    }

    async fn close(&self) -> Result<(), BackendError> {
        self.closed.store(true, Ordering::Release);
        let threads = Arc::clone(&self.threads);
        let stop = move || {
            // Held meanwhile, so that whoever closes at the same time also returns when it is done.
            let mut threads = threads.lock();
            if let Some(threads) = threads.take() {
                threads.stop();
            }
        };
        tokio::task::spawn_blocking(stop)
            .await
            .map_err(|e| BackendError::Fatal(Cause::with_source("closing was interrupted", e)))
    }
}

impl Drop for SqliteBackend {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.lock().take() {
            threads.stop();
        }
    }
}
