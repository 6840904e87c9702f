//! A backend between the store and the real one, that the test can hold up or cut off.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use storage_core::backend::{AppendOutcome, Bounds, CompactStep, LoadBatch, Peer, ScanFrom, ScanLimits, Turn};
use storage_core::commit::{Commit, Group};
use storage_core::{
    Backend, BackendError, BackendInfo, Environment as _, KeyValue, Position, Revision, Size, VersionId,
};
use tokio::sync::{Semaphore, mpsc, watch};

use super::clock::ManualClock;
use super::door::Door;

/// Passes everything on. Appends wait until they are let through; after the cut nothing is written any more, as if the
/// process had been killed then.
#[derive(Debug)]
pub(crate) struct Gate {
    inner: Arc<dyn Backend>,
    through: Semaphore,
    waiting: AtomicUsize,
    pub(crate) scans: Door,
    /// Questions for the log's end.
    pub(crate) ends: Door,
    /// Questions for who shares the log.
    pub(crate) peers: Door,
    cut: AtomicBool,
    told: Told,
    durable: AtomicI64,
    log: Mutex<Vec<KeyValue>>,
}

/// What is told of the log in place of the truth.
#[derive(Debug, Default)]
struct Told {
    /// Its end.
    tip: Option<watch::Sender<Position>>,
    /// Nobody else appends.
    alone: bool,
    /// What its clock shows; and every store that asks leads.
    clock: Option<Arc<ManualClock>>,
    /// It closes.
    kept_open: bool,
}

impl Gate {
    /// An open gate.
    pub(crate) fn open(inner: Arc<dyn Backend>) -> Arc<Self> {
        Self::telling(inner, Told::default())
    }

    /// An open gate through which nobody hears that others have appended, unless it asks.
    pub(crate) fn deaf(inner: Arc<dyn Backend>) -> Arc<Self> {
        Self::telling(inner, Told { tip: Some(watch::Sender::new(Position(0))), ..Told::default() })
    }

    /// An open gate behind which a log that could be shared looks as if it had one writer, whose clock counts.
    pub(crate) fn alone(inner: Arc<dyn Backend>) -> Arc<Self> {
        Self::telling(inner, Told { alone: true, ..Told::default() })
    }

    /// An open gate behind which all share `clock`, and through which nobody hears of others if it is `deaf`.
    pub(crate) fn by_clock(inner: Arc<dyn Backend>, clock: &Arc<ManualClock>, deaf: bool) -> Arc<Self> {
        let tip = deaf.then(|| watch::Sender::new(Position(0)));
        Self::telling(inner, Told { clock: Some(Arc::clone(clock)), tip, ..Told::default() })
    }

    /// An open gate that does not close what is behind it.
    pub(crate) fn kept_open(inner: Arc<dyn Backend>) -> Arc<Self> {
        Self::telling(inner, Told { kept_open: true, ..Told::default() })
    }

    fn telling(inner: Arc<dyn Backend>, told: Told) -> Arc<Self> {
        let (through, scans, ends) = (Semaphore::new(Semaphore::MAX_PERMITS), Door::default(), Door::default());
        let (waiting, cut, durable) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicI64::new(1));
        let peers = Door::default();
        Arc::new(Self { inner, through, waiting, scans, ends, peers, cut, told, durable, log: Mutex::default() })
    }

    pub(crate) fn inner(&self) -> &Arc<dyn Backend> {
        &self.inner
    }

    /// Appends wait from now on.
    pub(crate) fn shut(&self) {
        self.through.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets `appends` through.
    pub(crate) fn let_through(&self, appends: usize) {
        self.through.add_permits(appends);
    }

    /// Appends that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Nothing is written from now on.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// The revision through which appends have ended.
    pub(crate) fn durable(&self) -> Revision {
        Revision(self.durable.load(Ordering::SeqCst))
    }

    /// Every version that was appended, compacted or not.
    pub(crate) fn log(&self) -> Vec<KeyValue> {
        self.log.lock().expect("nobody panics with it").clone()
    }

    fn record(&self, group: &Group) {
        let mutations = group.iter().flat_map(|commit| &commit.mutations);
        let kvs = mutations.map(|m| KeyValue { key: m.key.clone(), meta: m.meta, value: m.value.clone() });
        self.log.lock().expect("nobody panics with it").extend(kvs);
    }

    fn check(&self) -> Result<(), BackendError> {
        if self.cut.load(Ordering::SeqCst) { Err(BackendError::fatal("cut off")) } else { Ok(()) }
    }
}

#[async_trait]
impl Backend for Gate {
    fn info(&self) -> BackendInfo {
        let info = self.inner.info();
        BackendInfo { shared: info.shared && !self.told.alone, ..info }
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        self.inner.bounds().await
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.through.acquire().await.expect("it is never closed").forget();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.check()?;
        let revision = group.last().expect("a group is not empty").revision;
        let outcome = self.inner.append(expected, Arc::clone(&group)).await;
        // Others run between what is in the log and what the store knows of it.
        tokio::task::yield_now().await;
        if let Ok(AppendOutcome::Appended) = outcome {
            self.durable.store(revision.0, Ordering::SeqCst);
            self.record(&group);
        }
        outcome
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.scans.pass().await;
        self.inner.scan(from, limits).await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        self.inner.load(sink).await
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        self.inner.values(ids).await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        self.check()?;
        self.inner.compact(step).await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.told.tip.as_ref().map_or_else(|| self.inner.tip(), watch::Sender::subscribe)
    }

    async fn end(&self) -> Result<Position, BackendError> {
        self.ends.pass().await;
        let end = self.inner.end().await?;
        if let Some(deaf) = &self.told.tip {
            deaf.send_replace(end);
        }
        Ok(end)
    }

    async fn turn(&self) -> Result<Turn, BackendError> {
        self.inner.turn().await
    }

    fn clock(&self) -> Option<RangeInclusive<Duration>> {
        match &self.told.clock {
            Some(clock) => Some(clock.unix_time_bounds()),
            None if self.told.alone => None,
            None => self.inner.clock(),
        }
    }

    fn announce(&self, peer: Peer) {
        self.inner.announce(peer);
    }

    async fn peers(&self) -> Result<Vec<Peer>, BackendError> {
        self.peers.pass().await;
        self.inner.peers().await
    }

    fn leads(&self) -> bool {
        self.told.alone || self.told.clock.is_some() || self.inner.leads()
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
        if self.told.kept_open { Ok(()) } else { self.inner.close().await }
    }
}
