//! What the threads and the callers know together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use storage_core::backend::{BackendError, Bounds};
use storage_core::stats::{BackendStats, Counter, Histogram};
use storage_core::{Position, Size};
use tokio::sync::watch;

use crate::backend::closed;
use crate::database::Database;

/// The state that is read without asking a thread. Only the writer changes bounds, tip and size.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Held for writing while a group or a compaction is applied, so that who reads several records, or several chunks of one,
    /// sees none half changed. Defragmenting puts another database in its place.
    database: RwLock<Option<Database>>,
    bounds: Mutex<Bounds>,
    tip: watch::Sender<Position>,
    allocated: AtomicU64,
    /// Of records, if it is known: after a load, or where there were none at the opening.
    in_use: Mutex<Option<u64>>,
    poison: OnceLock<String>,
    flushes: Histogram,
    writes: Histogram,
    written_bytes: Counter,
}

/// The lowest bucket of durations, which is etcd's.
const MILLISECOND: Duration = Duration::from_millis(1);

impl Shared {
    pub(crate) fn new(database: Database, bounds: Bounds, allocated: u64) -> Self {
        let in_use = (bounds.position == Position(0)).then_some(0);
        Self {
            database: RwLock::new(Some(database)),
            bounds: Mutex::new(bounds),
            tip: watch::Sender::new(bounds.position),
            allocated: AtomicU64::new(allocated),
            in_use: Mutex::new(in_use),
            poison: OnceLock::new(),
            flushes: Histogram::of_durations(MILLISECOND, 14),
            writes: Histogram::of_durations(MILLISECOND, 14),
            written_bytes: Counter::default(),
        }
    }

    /// Lets others read what is open, but not change it, until the guard goes.
    pub(crate) fn read(&self) -> Result<MappedRwLockReadGuard<'_, Database>, BackendError> {
        RwLockReadGuard::try_map(self.database.read(), Option::as_ref).map_err(|_| closed())
    }

    /// Keeps others away until the guard goes.
    pub(crate) fn write(&self) -> Result<MappedRwLockWriteGuard<'_, Database>, BackendError> {
        RwLockWriteGuard::try_map(self.database.write(), Option::as_mut).map_err(|_| closed())
    }

    /// A handle that keeps the database open. Records may change below whoever uses it without [`read`](Self::read).
    pub(crate) fn open_database(&self) -> Result<Database, BackendError> {
        self.read().map(|database| database.clone())
    }

    /// Closes the database, once those who work at length are done with it.
    pub(crate) fn close(&self) {
        if let Some(database) = self.database.write().take()
            && let Err(failure) = database.close()
        {
            tracing::warn!(%failure, "the sled store was not closed cleanly; what was acknowledged is safe");
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
        let allocated = self.allocated.load(Ordering::Relaxed);
        Size { allocated, in_use: self.in_use.lock().map_or(allocated, |in_use| in_use.min(allocated)) }
    }

    pub(crate) fn set_allocated(&self, bytes: u64) {
        self.allocated.store(bytes, Ordering::Relaxed);
    }

    /// Records of so many bytes came and went.
    pub(crate) fn count_use(&self, added: u64, removed: u64) {
        if let Some(in_use) = &mut *self.in_use.lock() {
            *in_use = (*in_use + added).saturating_sub(removed);
        }
    }

    /// All records were counted.
    pub(crate) fn set_use(&self, bytes: u64) {
        self.in_use.lock().get_or_insert(bytes);
    }

    /// Counts a group that was applied and flushed.
    pub(crate) fn count_append(&self, write: Duration, flush: Duration, bytes: u64) {
        self.writes.observe_duration(write);
        self.flushes.observe_duration(flush);
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
        tracing::error!(why, "the sled store takes no more writes until it is opened again");
    }

    pub(crate) fn check_poison(&self) -> Result<(), BackendError> {
        match self.poison.get() {
            None => Ok(()),
            Some(why) => Err(BackendError::fatal(format!("{why}; restart to try again"))),
        }
    }
}
