//! What the threads and the callers know together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use storage_core::Position;
use storage_core::Size;
use storage_core::backend::{BackendError, Bounds};
use tokio::sync::watch;

/// The state that is read without asking a thread. Only the writer changes bounds, tip and size.
#[derive(Debug)]
pub(crate) struct Shared {
    bounds: Mutex<Bounds>,
    tip: watch::Sender<Position>,
    allocated: AtomicU64,
    in_use: AtomicU64,
    poison: OnceLock<String>,
}

impl Shared {
    pub(crate) fn new(bounds: Bounds, size: Size) -> Self {
        Self {
            bounds: Mutex::new(bounds),
            tip: watch::Sender::new(bounds.position),
            allocated: AtomicU64::new(size.allocated),
            in_use: AtomicU64::new(size.in_use),
            poison: OnceLock::new(),
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
