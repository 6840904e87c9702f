//! The reference backend: a log in memory, durable as long as the value lives.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc, watch};

use super::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, CompactStep, Durability, LoadBatch, ScanFrom,
    ScanLimits, Size, Turn,
};
use crate::commit::{Commit, Group};
use crate::types::{Position, Revision, VersionId};

/// A [`Backend`] that keeps its log in memory. It obeys every law of the trait but survival of the process, so it is what
/// the others are compared with. Open several stores on one value, one after the other, to try a restart.
#[derive(Debug)]
pub struct MemoryBackend {
    log: Mutex<Log>,
    tip: watch::Sender<Position>,
    /// Of a log that is shared: whose turn it is.
    turns: Option<Arc<Semaphore>>,
}

#[derive(Debug, Default)]
struct Log {
    bounds: Bounds,
    commits: BTreeMap<Position, Commit>,
    positions: BTreeMap<Revision, Position>,
    controls: BTreeMap<Bytes, Bytes>,
    bytes: u64,
    closed: bool,
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self { log: Mutex::default(), tip: watch::Sender::new(Position(0)), turns: None }
    }
}

impl MemoryBackend {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty log that several stores may append to at once, as if it were in a database.
    #[must_use]
    pub fn shared() -> Self {
        Self { turns: Some(Arc::new(Semaphore::new(1))), ..Self::default() }
    }

    /// Lets a log that was closed be used again, as opening a file again would.
    pub fn reopen(&self) {
        self.log.lock().closed = false;
    }

    fn open_log(&self) -> Result<parking_lot::MutexGuard<'_, Log>, BackendError> {
        let log = self.log.lock();
        if log.closed { Err(BackendError::fatal("the store is closed")) } else { Ok(log) }
    }
}

impl Log {
    fn push(&mut self, commit: &Commit) {
        self.bounds = Bounds { position: commit.position, revision: commit.revision };
        self.bytes += commit.weight_bytes() as u64;
        for change in &commit.controls {
            match &change.value {
                Some(value) => self.controls.insert(change.key.clone(), value.clone()),
                None => self.controls.remove(&change.key),
            };
        }
        if !commit.mutations.is_empty() {
            self.positions.insert(commit.revision, commit.position);
        }
        self.commits.insert(commit.position, commit.clone());
    }

    fn remove(&mut self, dead: VersionId) {
        let Some(position) = self.positions.get(&dead.revision).copied() else { return };
        let commit = self.commits.get_mut(&position).expect("a revision's commit is in the log");
        let before = commit.weight_bytes();
        commit.mutations.retain(|m| m.meta.id != dead);
        self.bytes -= (before - commit.weight_bytes()) as u64;
        if commit.mutations.is_empty() {
            self.positions.remove(&dead.revision);
        }
    }

    /// Forgets commits without anything left below the last commit at or below `through`.
    fn trim(&mut self, through: Revision) {
        let Some((_, &end)) = self.positions.range(..=through).next_back() else { return };
        let empty: Vec<_> =
            self.commits.range(..end).filter(|(_, c)| c.mutations.is_empty()).map(|(p, _)| *p).collect();
        for position in empty {
            let commit = self.commits.remove(&position).expect("it was just found");
            self.bytes -= commit.weight_bytes() as u64;
        }
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo { name: "memory", durability: Durability::None, shared: self.turns.is_some() }
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        Ok(self.open_log()?.bounds)
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        let mut log = self.open_log()?;
        if log.bounds.position != expected {
            return Ok(AppendOutcome::Conflict { position: log.bounds.position });
        }
        for commit in group.iter() {
            assert_eq!(commit.position, log.bounds.position.next(), "positions are dense");
            log.push(commit);
        }
        self.tip.send_replace(log.bounds.position);
        Ok(AppendOutcome::Appended)
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        let log = self.open_log()?;
        let start = match from {
            ScanFrom::After(position) => position.next(),
            ScanFrom::Revision(revision) => match log.positions.range(revision..).next() {
                Some((_, position)) => *position,
                None => return Ok(Vec::new()),
            },
        };
        let mut found = Vec::new();
        let mut bytes = 0;
        for commit in log.commits.range(start..).map(|(_, c)| c).take(limits.commits) {
            found.push(commit.clone());
            bytes += commit.weight_bytes();
            if bytes >= limits.bytes {
                break;
            }
        }
        Ok(found)
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        let (bounds, versions, controls) = {
            let log = self.open_log()?;
            let versions: Vec<_> =
                log.commits.values().flat_map(|c| c.mutations.iter().map(|m| (m.key.clone(), m.meta))).collect();
            let controls = log.controls.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            (log.bounds, versions, controls)
        };
        let gone = |_| BackendError::determinate("the loader gave up");
        sink.send(LoadBatch::Versions(versions)).await.map_err(gone)?;
        sink.send(LoadBatch::Controls(controls)).await.map_err(gone)?;
        Ok(bounds)
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        let log = self.open_log()?;
        let value = |id: &VersionId| {
            let commit = log.commits.get(log.positions.get(&id.revision)?)?;
            commit.mutations.iter().find(|m| m.meta.id == *id).map(|m| m.value.clone())
        };
        Ok(ids.iter().map(value).collect())
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        let mut log = self.open_log()?;
        for dead in step.dead {
            log.remove(dead);
        }
        log.trim(step.through);
        Ok(())
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.tip.subscribe()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        Ok(self.open_log()?.bounds.position)
    }

    async fn turn(&self) -> Result<Turn, BackendError> {
        let guard: Box<dyn Any + Send + Sync> = match &self.turns {
            Some(turns) => Box::new(Arc::clone(turns).acquire_owned().await.expect("it is never closed")),
            None => Box::new(()),
        };
        Ok(Turn { end: self.end().await?, commits: Vec::new(), guard })
    }

    fn size(&self) -> Size {
        let bytes = self.log.lock().bytes;
        Size { allocated: bytes, in_use: bytes }
    }

    async fn defragment(&self) -> Result<(), BackendError> {
        self.open_log().map(|_| ())
    }

    async fn backup(&self, _path: &Path) -> Result<(), BackendError> {
        Err(BackendError::determinate("a store in memory has no file to copy"))
    }

    async fn close(&self) -> Result<(), BackendError> {
        self.log.lock().closed = true;
        Ok(())
    }
}
