//! A backend whose reads wait or fail when told to.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::backend::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, CompactStep, LoadBatch, MemoryBackend, ScanFrom,
    ScanLimits, Size,
};
use crate::commit::{Commit, Group};
use crate::types::{Position, VersionId};

#[derive(Debug)]
pub(super) struct SlowBackend {
    inner: MemoryBackend,
    /// A scan and a fetch of values take a permit each.
    gate: Semaphore,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    failing: AtomicBool,
}

impl SlowBackend {
    /// Holds every read until it is allowed.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryBackend::new(),
            gate: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
            most_waiting: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
        })
    }

    /// Lets `reads` reads through.
    pub(super) fn allow(&self, reads: usize) {
        self.gate.add_permits(reads);
    }

    pub(super) fn fail(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn most_waiting(&self) -> usize {
        self.most_waiting.load(Ordering::Relaxed)
    }

    async fn pass(&self) -> Result<(), BackendError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_waiting.fetch_max(waiting, Ordering::Relaxed);
        self.gate.acquire().await.unwrap().forget();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        if self.failing.load(Ordering::Relaxed) { Err(BackendError::determinate("injected")) } else { Ok(()) }
    }
}

#[async_trait]
impl Backend for SlowBackend {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        self.inner.bounds().await
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        self.inner.append(expected, group).await
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.pass().await?;
        self.inner.scan(from, limits).await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        self.inner.load(sink).await
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        self.pass().await?;
        self.inner.values(ids).await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        self.inner.compact(step).await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.inner.tip()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        self.inner.end().await
    }

    fn size(&self) -> Size {
        self.inner.size()
    }

    async fn defragment(&self) -> Result<(), BackendError> {
        self.inner.defragment().await
    }

    async fn backup(&self, path: &Path) -> Result<(), BackendError> {
        self.inner.backup(path).await
    }

    async fn close(&self) -> Result<(), BackendError> {
        self.inner.close().await
    }
}
