use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// Open unless the test shuts it: then calls wait in front of it.
#[derive(Debug)]
pub(crate) struct Door {
    permits: Semaphore,
    waiting: AtomicUsize,
    passed: AtomicUsize,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            permits: Semaphore::new(Semaphore::MAX_PERMITS),
            waiting: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
        }
    }
}

impl Door {
    /// Calls wait from now on.
    pub(crate) fn shut(&self) {
        self.permits.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open(&self) {
        self.permits.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    /// Calls that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Calls that were let through.
    pub(crate) fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    pub(super) async fn pass(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await.expect("it is never closed").forget();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.passed.fetch_add(1, Ordering::SeqCst);
    }
}
