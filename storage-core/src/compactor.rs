//! Removes what a compaction made unreachable, in the background and in small steps.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::backend::{Backend, BackendError, CompactStep};
use crate::index::{Index, NEVER_COMPACTED};
use crate::options::StoreOptions;
use crate::pins::Pins;
use crate::stats::Counters;
use crate::types::Revision;

/// How long it waits after a failed step.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The task that sweeps the index and the backend.
#[derive(Debug)]
pub(crate) struct Compactor {
    pub(crate) index: Arc<RwLock<Index>>,
    pub(crate) pins: Arc<Pins>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) batch: usize,
    pub(crate) pause: Duration,
    pub(crate) counters: Arc<Counters>,
    /// The revision that the store is compacted at; the writer moves it.
    pub(crate) target: watch::Receiver<Revision>,
    /// The revision through which nothing dead is left.
    pub(crate) swept: watch::Sender<Revision>,
}

impl Compactor {
    pub(crate) fn new(
        index: Arc<RwLock<Index>>,
        pins: Arc<Pins>,
        backend: Arc<dyn Backend>,
        options: &StoreOptions,
        counters: Arc<Counters>,
        target: watch::Receiver<Revision>,
        swept: watch::Sender<Revision>,
    ) -> Self {
        let (batch, pause) = (options.compaction_batch, options.compaction_pause);
        Self { index, pins, backend, batch, pause, counters, target, swept }
    }

    /// Runs until the store is closed or its storage fails.
    pub(crate) async fn run(mut self) {
        // What an earlier run left over is swept at once.
        self.target.mark_changed();
        while self.target.changed().await.is_ok() {
            let through = *self.target.borrow_and_update();
            if through == NEVER_COMPACTED {
                continue;
            }
            self.pins.drain().await;
            let began = self.counters.now();
            if let Err(error) = self.sweep(through).await {
                tracing::error!(%error, "compaction stopped: the storage has failed");
                return;
            }
            self.counters.compacted(began);
            self.swept.send_replace(through);
        }
    }

    async fn sweep(&self, through: Revision) -> Result<(), BackendError> {
        loop {
            let began = self.counters.now();
            let dead = self.index.write().sweep(self.batch);
            self.counters.index_pauses.observe_duration(self.counters.since(began));
            let removed = dead.len();
            let done = removed == 0;
            self.step(CompactStep { through, dead }).await?;
            self.counters.removed.add(removed as u64);
            if done {
                return Ok(());
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    async fn step(&self, step: CompactStep) -> Result<(), BackendError> {
        loop {
            let began = self.counters.now();
            let stepped = self.backend.compact(step.clone()).await;
            self.counters.compaction_steps.observe_duration(self.counters.since(began));
            match stepped {
                Ok(()) => return Ok(()),
                Err(error @ BackendError::Fatal(_)) => return Err(error),
                Err(error) => tracing::warn!(%error, "a step of the compaction failed and is tried again"),
            }
            if self.target.has_changed().is_err() {
                return Ok(());
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}
