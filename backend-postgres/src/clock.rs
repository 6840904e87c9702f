//! The database's clock, as far as it can be known from here.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// Two clocks are taken to drift apart by less than one part in so many: each is slewed by at most 500 parts in a million, Linux's limit.
const DRIFT: u32 = 500;
/// It is told in whole milliseconds, rounded down.
const RESOLUTION: Duration = Duration::from_millis(1);

/// Between which two times the clock was at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    at: Instant,
    earliest: Duration,
    latest: Duration,
}

impl Reading {
    /// The answer to a question that was asked at `asked`, and came just now: it was given at some time in between.
    pub(crate) fn of(shown: Duration, asked: Instant) -> Self {
        Self::between(shown, asked, Instant::now())
    }

    fn between(shown: Duration, asked: Instant, at: Instant) -> Self {
        Self { at, earliest: shown, latest: shown + RESOLUTION + at.duration_since(asked) }
    }

    /// How much is not known of it.
    pub(crate) fn uncertainty(&self) -> Duration {
        self.latest - self.earliest
    }

    /// What is known by this and by an earlier reading together: however long an answer was on its way, nothing is forgotten by it.
    /// Where the two cannot both be true the clock was set, or is another one after a failover, and this one counts.
    pub(crate) fn and(self, before: &Self) -> Self {
        let known = before.at(self.at);
        let (earliest, latest) = (self.earliest.max(*known.start()), self.latest.min(*known.end()));
        if earliest <= latest { Self { at: self.at, earliest, latest } } else { self }
    }

    /// What it shows by now.
    pub(crate) fn now(&self) -> RangeInclusive<Duration> {
        self.at(Instant::now())
    }

    fn at(&self, at: Instant) -> RangeInclusive<Duration> {
        let since = at.saturating_duration_since(self.at);
        self.earliest + since - since / DRIFT..=self.latest + since + since / DRIFT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    /// What the clock shows at the test's beginning.
    const START: Duration = Duration::from_secs(1_000);

    /// A question that is asked `after` the beginning, on whose way `there` and `back` time goes.
    fn reading(start: Instant, after: u32, there: u32, back: u32) -> Reading {
        let asked = start + after * MS;
        Reading::between(START + (after + there) * MS, asked, asked + (there + back) * MS)
    }

    #[test]
    fn what_is_known_holds_the_truth_wherever_the_time_went() {
        let start = Instant::now();
        for (there, back) in [(0, 0), (1, 1), (0, 8000), (8000, 0), (4000, 4000)] {
            let known = reading(start, 0, there, back).at(start + 20_000 * MS);
            assert!(known.contains(&(START + 20_000 * MS)), "{there} {back}: {known:?}");
        }
    }

    #[test]
    fn an_answer_that_was_long_on_its_way_takes_nothing_from_what_is_known() {
        let start = Instant::now();
        for (there, back) in [(0, 8000), (8000, 0)] {
            let known = reading(start, 1000, there, back).and(&reading(start, 0, 1, 1));
            assert!(known.uncertainty() < 50 * MS, "{known:?}");
            assert!(known.at(start + 9000 * MS).contains(&(START + 9000 * MS)));
        }
    }

    #[test]
    fn what_is_known_by_an_answer_that_was_long_on_its_way_is_narrowed_by_the_next() {
        let start = Instant::now();
        let known = reading(start, 9000, 1, 1).and(&reading(start, 0, 0, 8000));
        assert!(known.uncertainty() <= 3 * MS, "{known:?}");
        assert!(known.at(start + 9002 * MS).contains(&(START + 9002 * MS)));
    }

    #[test]
    fn a_clock_that_was_set_counts_at_once() {
        let start = Instant::now();
        let mut set = reading(start, 1000, 1, 1);
        set.earliest -= Duration::from_secs(60);
        set.latest -= Duration::from_secs(60);
        let known = set.and(&reading(start, 0, 1, 1));
        assert_eq!((known.earliest, known.latest), (set.earliest, set.latest));
    }
}
