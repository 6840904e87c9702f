//! What the threads and the callers know together.

use std::sync::atomic::{AtomicU64, Ordering};

use backend_embedded::{Known, closed};
use parking_lot::{MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use storage_core::backend::{BackendError, Bounds};
use storage_core::{Position, Size};

use crate::database::Database;

/// The state that is read without asking a thread. Only the writer changes what is known and the size.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) known: Known,
    /// Held for writing while a group or a compaction is applied, so that who reads several records, or several chunks of one,
    /// sees none half changed. Defragmenting puts another database in its place.
    database: RwLock<Option<Database>>,
    allocated: AtomicU64,
    /// Of records, if it is known: after a load, or where there were none at the opening.
    in_use: Mutex<Option<u64>>,
}

impl Shared {
    pub(crate) fn new(database: Database, bounds: Bounds, allocated: u64) -> Self {
        let in_use = (bounds.position == Position(0)).then_some(0);
        Self {
            known: Known::new(bounds),
            database: RwLock::new(Some(database)),
            allocated: AtomicU64::new(allocated),
            in_use: Mutex::new(in_use),
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

    /// Closes the database for all who come. A load, a backup or a copy for defragmenting that is at work is not waited for, since its
    /// caller may never take what it has: it keeps sled, and with it sled's own lock, until it is done, and the directory cannot be
    /// opened before.
    pub(crate) fn close(&self) {
        if let Some(database) = self.database.write().take()
            && let Err(failure) = database.close()
        {
            tracing::warn!(%failure, "the sled store was not closed cleanly; what was acknowledged is safe");
        }
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
}
