//! Quantiles of one measurement, and the spread of several.

use std::time::Duration;

use serde::Serialize;

/// How long each of many requests took.
#[derive(Debug, Default)]
pub struct Latencies {
    nanos: Vec<u64>,
}

impl Latencies {
    /// Adds one.
    pub fn push(&mut self, latency: Duration) {
        self.nanos.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds those of another worker.
    pub fn merge(&mut self, mut other: Self) {
        self.nanos.append(&mut other.nanos);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nanos.len()
    }

    /// The median, the 99th and the 99.9th percentile.
    #[must_use]
    pub fn quantiles(mut self) -> Quantiles {
        self.nanos.sort_unstable();
        let micros = |share: f64| {
            let last = self.nanos.len().checked_sub(1)?;
            Some(self.nanos[(last as f64 * share).round() as usize] as f64 / 1e3)
        };
        let of = |share| micros(share).unwrap_or_default();
        Quantiles { p50_us: of(0.5), p99_us: of(0.99), p999_us: of(0.999) }
    }
}

/// Quantiles in microseconds; zero where nothing was measured.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50_us: f64,
    /// The 99th percentile.
    pub p99_us: f64,
    /// The 99.9th percentile.
    pub p999_us: f64,
}

/// The same figure from several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
}

impl Spread {
    /// The spread of `figures`, if there are any.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median =
            if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) };
        Some(Self { median, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_latencies() {
        let mut latencies = Latencies::default();
        for micros in (0..=100).rev() {
            latencies.push(Duration::from_micros(micros));
        }
        let quantiles = latencies.quantiles();
        assert_eq!((quantiles.p50_us, quantiles.p99_us), (50.0, 99.0));
    }

    #[test]
    fn nothing_measured_has_no_quantiles() {
        assert_eq!(Latencies::default().quantiles().p99_us, 0.0);
    }

    #[test]
    fn a_spread_is_the_median_between_the_extremes() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of(vec![4.0, 2.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
