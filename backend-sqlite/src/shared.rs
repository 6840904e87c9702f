//! What the threads and the callers know together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use storage_core::Position;
use storage_core::Size;
use storage_core::backend::{BackendError, Bounds};
use storage_core::stats::{BackendStats, Counter, Histogram};
use tokio::sync::watch;

/// The state that is read without asking a thread. Only the writer changes bounds, tip and size.
#[derive(Debug)]
pub(crate) struct Shared {
    bounds: Mutex<Bounds>,
    tip: watch::Sender<Position>,
    allocated: AtomicU64,
    in_use: AtomicU64,
    poison: OnceLock<String>,
    flushes: Histogram,
    writes: Histogram,
    written_bytes: Counter,
}

/// The lowest bucket of durations, which is etcd's.
const MILLISECOND: Duration = Duration::from_millis(1);

impl Shared {
    pub(crate) fn new(bounds: Bounds, size: Size) -> Self {
        Self {
            bounds: Mutex::new(bounds),
            tip: watch::Sender::new(bounds.position),
            allocated: AtomicU64::new(size.allocated),
            in_use: AtomicU64::new(size.in_use),
            poison: OnceLock::new(),
            flushes: Histogram::of_durations(MILLISECOND, 14),
            writes: Histogram::of_durations(MILLISECOND, 14),
            written_bytes: Counter::default(),
        }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        *self.bounds.lock()
    }

    /// Makes a durable append known.
    pub(crate) fn publish(&self, bounds: Bounds) {
        *self.bounds.lock() = bounds;
        self.tip.send_replace(bounds.position);
    }

    pub(crate) fn tip(&self) -> watch::Receiver<Position> {
        self.tip.subscribe()
    }

    pub(crate) fn size(&self) -> Size {
        Size { allocated: self.allocated.load(Ordering::Relaxed), in_use: self.in_use.load(Ordering::Relaxed) }
    }

    pub(crate) fn set_size(&self, size: Size) {
        self.allocated.store(size.allocated, Ordering::Relaxed);
        self.in_use.store(size.in_use, Ordering::Relaxed);
    }

    /// Counts a group that was written and committed; where nothing is flushed, a commit is no flush.
    pub(crate) fn count_append(&self, write: Duration, commit: Duration, flushed: bool, bytes: u64) {
        self.writes.observe_duration(write);
        if flushed {
            self.flushes.observe_duration(commit);
        }
        self.written_bytes.add(bytes);
    }

    pub(crate) fn stats(&self) -> BackendStats {
        BackendStats {
            flushes: self.flushes.snapshot(),
            writes: self.writes.snapshot(),
            written_bytes: self.written_bytes.get(),
        }
    }

    /// Stops all writing until the file is opened again.
    pub(crate) fn poison(&self, why: impl Into<String>) {
        let why = self.poison.get_or_init(|| why.into());
        tracing::error!(why, "the database file takes no more writes until it is opened again");
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poison.get().is_some()
    }

    pub(crate) fn check_poison(&self) -> Result<(), BackendError> {
        match self.poison.get() {
            None => Ok(()),
            Some(why) => Err(BackendError::fatal(format!("{why}; restart to try again"))),
        }
    }
}
