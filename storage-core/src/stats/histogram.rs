use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many of the observed values are how large.
///
/// Durations are counted in nanoseconds. Observing is two additions and a search among the few bounds; there is no lock.
#[derive(Debug)]
pub struct Histogram {
    bounds: Box<[u64]>,
    /// One for each bound, for the values at or below it and above the one before, and one for those above all.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a [`Histogram`] has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistogramSnapshot {
    /// The buckets' upper bounds, ascending. They belong to their buckets.
    pub bounds: Vec<u64>,
    /// How many values each bucket holds (not those below it), and behind them how many are above all bounds.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: u64,
}

impl Histogram {
    /// With these upper bounds, which ascend.
    ///
    /// # Panics
    /// If they do not.
    #[must_use]
    pub fn new(bounds: impl Into<Box<[u64]>>) -> Self {
        let bounds = bounds.into();
        assert!(bounds.is_sorted(), "bounds ascend");
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0) }
    }

    /// With `buckets` bounds from `first` on, each twice the one before.
    #[must_use]
    pub fn doubling(first: u64, buckets: u32) -> Self {
        Self::new((0..buckets).map(|n| first << n).collect::<Box<[u64]>>())
    }

    /// The same for durations.
    #[must_use]
    pub fn of_durations(first: Duration, buckets: u32) -> Self {
        Self::doubling(nanos(first), buckets)
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a duration.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(nanos(duration));
    }

    /// What it has come to.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            bounds: self.bounds.to_vec(),
            counts: self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

impl HistogramSnapshot {
    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The same without the bounds below `first`: what was in their buckets is in that of the lowest bound that is left.
    #[must_use]
    pub fn from_bound(&self, first: u64) -> Self {
        let below = self.bounds.partition_point(|bound| *bound < first);
        let mut counts = self.counts[below..].to_vec();
        counts[0] += self.counts[..below].iter().sum::<u64>();
        Self { bounds: self.bounds[below..].to_vec(), counts, sum: self.sum }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_a_bound_is_in_its_bucket() {
        let histogram = Histogram::doubling(10, 3);
        for value in [0, 10, 11, 20, 21, 40, 41, 1000] {
            histogram.observe(value);
        }
        let snapshot = histogram.snapshot();
        assert_eq!(snapshot.bounds, [10, 20, 40]);
        assert_eq!(snapshot.counts, [2, 2, 2, 2]);
        assert_eq!((snapshot.count(), snapshot.sum), (8, 1143));
    }

    #[test]
    fn bounds_left_out_give_their_values_to_the_lowest_that_stays() {
        let histogram = Histogram::of_durations(Duration::from_millis(1), 3);
        for millis in [1, 2, 4, 8] {
            histogram.observe_duration(Duration::from_millis(millis));
        }
        let snapshot = histogram.snapshot().from_bound(2_000_000);
        assert_eq!(snapshot.bounds, [2_000_000, 4_000_000]);
        assert_eq!(snapshot.counts, [2, 1, 1]);
        assert_eq!(snapshot.sum, 15_000_000);
    }

    #[test]
    fn without_bounds_there_is_one_bucket() {
        let histogram = Histogram::new([]);
        histogram.observe(7);
        assert_eq!(histogram.snapshot().from_bound(9).counts, [1]);
    }
}
