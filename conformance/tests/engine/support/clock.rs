//! Time and randomness that the test decides.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use storage_core::Environment;

/// A clock that stands still until it is told.
#[derive(Debug, Default)]
pub(crate) struct ManualClock {
    seconds: AtomicU64,
    drawn: AtomicU64,
    read: AtomicU64,
}

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.seconds.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// How often it was looked at.
    pub(crate) fn times_read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }
}

impl Environment for ManualClock {
    fn monotonic(&self) -> Duration {
        self.read.fetch_add(1, Ordering::SeqCst);
        Duration::from_secs(self.seconds.load(Ordering::SeqCst))
    }

    fn unix_time(&self) -> Duration {
        self.monotonic() + Duration::from_secs(1_700_000_000)
    }

    /// Never the same twice, and the same in every run.
    fn random(&self) -> u128 {
        let drawn = self.drawn.fetch_add(1, Ordering::SeqCst) + 1;
        let mixed = u128::from(drawn).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        mixed ^ (mixed >> 61)
    }
}
