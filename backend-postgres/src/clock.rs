//! The database's clock, as far as it can be known from here.

use std::time::{Duration, Instant};

/// By how much a reading may be worse than the one before it.
const SLACK: Duration = Duration::from_millis(10);
/// Two clocks are taken to drift apart by less than one part in so many; much less in truth, but after a failover the clock is another one.
const DRIFT: u32 = 100;

/// What the clock showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    shown: Duration,
    at: Instant,
    /// At most so far is it from the truth.
    error: Duration,
}

impl Reading {
    /// The answer to a question that was asked at `asked`, and came just now: it was given at some time in between.
    pub(crate) fn of(shown: Duration, asked: Instant) -> Self {
        let at = Instant::now();
        let error = at.duration_since(asked) / 2;
        Self { shown: shown + error, at, error }
    }

    /// A server that was stopped, or whose network was cut, while it asked knows less by the answer than it knew before. Leases would
    /// end too early by that.
    pub(crate) fn is_better_than(&self, before: &Self) -> bool {
        self.error <= before.error + SLACK + self.at.duration_since(before.at) / DRIFT
    }

    /// What it shows by now.
    pub(crate) fn now(&self) -> Duration {
        self.shown + self.at.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(asked: Instant, took_ms: u64, after_ms: u64) -> Reading {
        let at = asked + Duration::from_millis(after_ms);
        Reading { shown: Duration::ZERO, at, error: Duration::from_millis(took_ms) / 2 }
    }

    #[test]
    fn an_answer_that_was_long_on_its_way_says_nothing_new_of_the_clock() {
        let start = Instant::now();
        let before = reading(start, 2, 0);
        assert!(!reading(start, 8000, 9000).is_better_than(&before));
        assert!(reading(start, 1, 1000).is_better_than(&before));
        assert!(reading(start, 12, 1000).is_better_than(&before), "a busy machine is not always as quick");
    }

    #[test]
    fn where_all_answers_take_long_they_count_after_a_while() {
        let start = Instant::now();
        let before = reading(start, 2, 0);
        assert!(!reading(start, 200, 1000).is_better_than(&before));
        assert!(reading(start, 200, 10_000).is_better_than(&before));
    }
}
