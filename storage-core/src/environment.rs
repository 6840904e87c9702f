//! Time and randomness, injected so that tests decide both.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rand::RngExt as _;

use crate::backend::Backend;

/// Where the engine takes time and randomness from.
pub trait Environment: std::fmt::Debug + Send + Sync + 'static {
    /// Time since some fixed point of this process; never goes back. Running deadlines are measured with it.
    fn monotonic(&self) -> Duration;

    /// Time since the Unix epoch, by a clock that may be wrong or step. Only deadlines on the disk are in it.
    fn unix_time(&self) -> Duration;

    /// Between which two times [`unix_time`](Self::unix_time) is in truth, where the clock is read from afar. Deadlines count from the
    /// side on which no lease ends early.
    fn unix_time_bounds(&self) -> RangeInclusive<Duration> {
        let now = self.unix_time();
        now..=now
    }

    /// 128 random bits.
    fn random(&self) -> u128;
}

/// Another environment, with the clock that all who share a log agree on.
#[derive(Debug)]
pub(crate) struct LogClock {
    pub(crate) inner: Arc<dyn Environment>,
    pub(crate) backend: Arc<dyn Backend>,
}

impl Environment for LogClock {
    fn monotonic(&self) -> Duration {
        self.inner.monotonic()
    }

    fn unix_time(&self) -> Duration {
        let (earliest, latest) = self.unix_time_bounds().into_inner();
        earliest + latest.saturating_sub(earliest) / 2
    }

    fn unix_time_bounds(&self) -> RangeInclusive<Duration> {
        self.backend.clock().unwrap_or_else(|| self.inner.unix_time_bounds())
    }

    fn random(&self) -> u128 {
        self.inner.random()
    }
}

/// The machine's clocks and the thread's random generator.
#[derive(Debug)]
pub struct SystemEnvironment {
    start: Instant,
}

impl Default for SystemEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this is where the engine's time comes from")]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Environment for SystemEnvironment {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the engine's time comes from")]
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the engine's randomness comes from")]
    fn random(&self) -> u128 {
        rand::rng().random()
    }
}
