//! Faults on demand, for tests: a backend that fails when told to.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

use super::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, Cause, CompactStep, LoadBatch, Peer, ScanFrom,
    ScanLimits, Size, Turn,
};
use crate::commit::{Commit, Group};
use crate::stats::BackendStats;
use crate::types::{Position, VersionId};

/// What becomes of one append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It happens and says so.
    None,
    /// It does not happen, and says so: [`BackendError::Determinate`].
    Refused,
    /// It does not happen, because nobody can be reached: [`BackendError::Determinate`] of a cause [of nobody there](Cause::of_nobody_there).
    Unreachable,
    /// It does not happen, and nobody can tell: [`BackendError::Indeterminate`].
    Lost,
    /// It happens, and nobody can tell: [`BackendError::Indeterminate`].
    HappenedUnknown,
    /// It does not happen, and the backend is poisoned.
    Poison,
    /// It happens, but the flush fails: poisoned, and the caller cannot tell.
    HappenedPoison,
}

/// A [`Backend`] that passes everything on to another one and, for the appends that a script names, fails. Reads of
/// values and questions for the end of the log fail while they are told to.
#[derive(Debug)]
pub struct FaultBackend {
    inner: Arc<dyn Backend>,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    faults: VecDeque<Fault>,
    poisoned: bool,
    values_fail: bool,
    end_fails: bool,
}

impl FaultBackend {
    /// Passes on to `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>) -> Self {
        Self { inner, script: Mutex::default() }
    }

    /// Adds what becomes of the next appends, one each; after them all succeed.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().faults.extend(faults);
    }

    /// Whether reads of values fail from now on.
    pub fn fail_values(&self, fail: bool) {
        self.script.lock().values_fail = fail;
    }

    /// Whether the log's end cannot be asked for from now on.
    pub fn fail_end(&self, fail: bool) {
        self.script.lock().end_fails = fail;
    }

    /// How many scripted faults are still to come.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.script.lock().faults.len()
    }

    fn next_fault(&self) -> Result<Fault, BackendError> {
        let mut script = self.script.lock();
        if script.poisoned {
            return Err(BackendError::fatal("an earlier flush failed"));
        }
        let fault = script.faults.pop_front().unwrap_or(Fault::None);
        script.poisoned = matches!(fault, Fault::Poison | Fault::HappenedPoison);
        Ok(fault)
    }
}

#[async_trait]
impl Backend for FaultBackend {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        self.inner.bounds().await
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        let fault = self.next_fault()?;
        let outcome = match fault {
            Fault::None | Fault::HappenedUnknown | Fault::HappenedPoison => self.inner.append(expected, group).await?,
            Fault::Refused => return Err(BackendError::determinate("injected: refused")),
            Fault::Unreachable => {
                return Err(BackendError::Determinate(Cause::new("injected: away").of_nobody_there()));
            }
            Fault::Lost => return Err(BackendError::indeterminate("injected: lost")),
            Fault::Poison => return Err(BackendError::fatal("injected: flush failed")),
        };
        match fault {
            Fault::HappenedUnknown => Err(BackendError::indeterminate("injected: no answer")),
            Fault::HappenedPoison => Err(BackendError::fatal("injected: flush failed late")),
            _ => Ok(outcome),
        }
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.inner.scan(from, limits).await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        self.inner.load(sink).await
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        if self.script.lock().values_fail {
            return Err(BackendError::determinate("injected: the values cannot be read"));
        }
        self.inner.values(ids).await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        self.inner.compact(step).await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.inner.tip()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        if self.script.lock().end_fails {
            return Err(BackendError::determinate("injected: the end is not told"));
        }
        self.inner.end().await
    }

    fn stats(&self) -> BackendStats {
        self.inner.stats()
    }

    async fn turn(&self) -> Result<Turn, BackendError> {
        self.inner.turn().await
    }

    fn clock(&self) -> Option<RangeInclusive<Duration>> {
        self.inner.clock()
    }

    fn announce(&self, peer: Peer) {
        self.inner.announce(peer);
    }

    async fn peers(&self) -> Result<Vec<Peer>, BackendError> {
        self.inner.peers().await
    }

    fn leads(&self) -> bool {
        self.inner.leads()
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
