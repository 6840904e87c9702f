//! What the threads and the callers know together.

use std::sync::atomic::{AtomicU64, Ordering};

use backend_embedded::Known;
use storage_core::Size;
use storage_core::backend::Bounds;

/// The state that is read without asking a thread. Only the writer changes it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) known: Known,
    allocated: AtomicU64,
    in_use: AtomicU64,
}

impl Shared {
    pub(crate) fn new(bounds: Bounds, size: Size) -> Self {
        Self {
            known: Known::new(bounds),
            allocated: AtomicU64::new(size.allocated),
            in_use: AtomicU64::new(size.in_use),
        }
    }

    pub(crate) fn size(&self) -> Size {
        Size { allocated: self.allocated.load(Ordering::Relaxed), in_use: self.in_use.load(Ordering::Relaxed) }
    }

    pub(crate) fn set_size(&self, size: Size) {
        self.allocated.store(size.allocated, Ordering::Relaxed);
        self.in_use.store(size.in_use, Ordering::Relaxed);
    }
}
