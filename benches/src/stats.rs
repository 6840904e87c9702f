//! The spread of a figure over several rounds.

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

    /// Whether a round of one may be between rounds of the other.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.min <= other.max && other.min <= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_overlap_where_neither_is_wholly_above_the_other() {
        let spread = |min, max| Spread { median: min, min, max };
        assert!(spread(1.0, 3.0).overlaps(spread(2.0, 5.0)) && spread(2.0, 5.0).overlaps(spread(1.0, 2.0)));
        assert!(!spread(1.0, 2.0).overlaps(spread(2.5, 3.0)) && !spread(2.5, 3.0).overlaps(spread(1.0, 2.0)));
    }

    #[test]
    fn a_spread_is_the_median_between_the_extremes() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of(vec![4.0, 2.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
