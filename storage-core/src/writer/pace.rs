//! How often groups may begin.

use std::time::Duration;

use tokio::time::Instant;

/// Keeps the starts of groups apart: fewer and larger ones, at the price of waiting.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    last: Option<Instant>,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// A group begins.
    pub(super) fn begin(&mut self) {
        if !self.interval.is_zero() {
            self.last = Some(Instant::now());
        }
    }

    /// When the next group may begin, if not yet.
    pub(super) fn waits_until(&self) -> Option<Instant> {
        let next = self.last?.checked_add(self.interval)?;
        (next > Instant::now()).then_some(next)
    }
}
