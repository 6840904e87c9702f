//! What is known of a log without asking a thread.

use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::Mutex;
use storage_core::Position;
use storage_core::backend::{BackendError, Bounds};
use storage_core::stats::{BackendStats, Counter, Histogram};
use tokio::sync::watch;

/// The lowest bucket of durations, which is etcd's.
const MILLISECOND: Duration = Duration::from_millis(1);

/// Where a log ends, whether it can still be written, and how long writing took. Only the writer changes it.
#[derive(Debug)]
pub struct Known {
    bounds: Mutex<Bounds>,
    tip: watch::Sender<Position>,
    poison: OnceLock<String>,
    flushes: Histogram,
    writes: Histogram,
    written_bytes: Counter,
}

impl Known {
    /// Of a log that was just opened.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds: Mutex::new(bounds),
            tip: watch::Sender::new(bounds.position),
            poison: OnceLock::new(),
            flushes: Histogram::of_durations(MILLISECOND, 14),
            writes: Histogram::of_durations(MILLISECOND, 14),
            written_bytes: Counter::default(),
        }
    }

    /// Where what is durable ends.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        *self.bounds.lock()
    }

    /// Makes a durable append known.
    pub fn publish(&self, bounds: Bounds) {
        *self.bounds.lock() = bounds;
        self.tip.send_replace(bounds.position);
    }

    /// Follows what is published.
    #[must_use]
    pub fn tip(&self) -> watch::Receiver<Position> {
        self.tip.subscribe()
    }

    /// Counts a group: how long it took to write, and to flush if it was flushed.
    pub fn count_append(&self, write: Duration, flush: Option<Duration>, bytes: u64) {
        self.writes.observe_duration(write);
        if let Some(flush) = flush {
            self.flushes.observe_duration(flush);
        }
        self.written_bytes.add(bytes);
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> BackendStats {
        BackendStats {
            flushes: self.flushes.snapshot(),
            writes: self.writes.snapshot(),
            written_bytes: self.written_bytes.get(),
        }
    }

    /// Stops all writing until the store is opened again. The first reason stays.
    pub fn poison(&self, why: impl Into<String>) {
        let why = self.poison.get_or_init(|| why.into());
        tracing::error!(why, "the store takes no more writes until it is opened again");
    }

    /// Whether writing was stopped.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poison.get().is_some()
    }

    /// Passes while there may be writes.
    ///
    /// # Errors
    /// [`BackendError::Fatal`] with the reason once writing was stopped.
    pub fn check_poison(&self) -> Result<(), BackendError> {
        match self.poison.get() {
            None => Ok(()),
            Some(why) => Err(BackendError::fatal(format!("{why}; restart to try again"))),
        }
    }
}
