//! Sets of keys, for asking whether a range is inside.

use crate::key_range::{KeyRange, RangeEnd};
use crate::read::successor;
use crate::types::Key;

/// The union of key ranges: sorted, and what overlaps or touches is one. `[a, c)` and `[c, e)` are kept as `[a, e)`, so a range
/// is inside the union if it is inside one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intervals(Vec<Interval>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval {
    start: Key,
    /// The first key behind it; `None` if it is open.
    end: Option<Key>,
}

impl Intervals {
    pub(crate) fn union<'a>(ranges: impl IntoIterator<Item = &'a KeyRange>) -> Self {
        let filled = ranges.into_iter().filter(|range| !range.is_empty());
        let mut sorted: Vec<_> = filled.map(Interval::of).collect();
        sorted.sort_by(|a, b| a.start.cmp(&b.start));
        let mut merged: Vec<Interval> = Vec::with_capacity(sorted.len());
        for next in sorted {
            match merged.last_mut() {
                Some(last) if last.reaches(&next.start) => last.extend(next.end),
                _ => merged.push(next),
            }
        }
        Self(merged)
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.holding(key).is_some()
    }

    /// Whether every key that `range` may hold is inside. One that can hold none is inside if its start is, as in etcd.
    pub(crate) fn covers(&self, range: &KeyRange) -> bool {
        self.holding(range.start()).is_some_and(|interval| match range.end() {
            RangeEnd::Single => true,
            RangeEnd::Before(end) => interval.reaches(end),
            RangeEnd::Open => interval.end.is_none(),
        })
    }

    /// The interval that `key` is in.
    fn holding(&self, key: &[u8]) -> Option<&Interval> {
        let behind = self.0.partition_point(|interval| interval.start.as_bytes() <= key);
        let interval = &self.0[behind.checked_sub(1)?];
        interval.end.as_ref().is_none_or(|end| key < end.as_bytes()).then_some(interval)
    }
}

impl Interval {
    fn of(range: &KeyRange) -> Self {
        let end = match range.end() {
            RangeEnd::Single => Some(successor(range.start())),
            RangeEnd::Before(end) => Some(end.clone()),
            RangeEnd::Open => None,
        };
        Self { start: range.start().clone(), end }
    }

    /// Whether nothing lies between it and `key`.
    fn reaches(&self, key: &Key) -> bool {
        self.end.as_ref().is_none_or(|end| end >= key)
    }

    fn extend(&mut self, end: Option<Key>) {
        match end {
            Some(end) if self.reaches(&end) => {}
            end => self.end = end,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(start: &str, end: &str) -> KeyRange {
        KeyRange::new(start.as_bytes(), end.as_bytes())
    }

    fn union(ranges: &[KeyRange]) -> Intervals {
        Intervals::union(ranges)
    }

    #[test]
    fn ranges_that_touch_cover_together_what_none_covers_alone() {
        let both = union(&[range("c", "e"), range("a", "c")]);
        assert!(both.covers(&range("a", "e")) && both.covers(&range("b", "d")));
        assert!(!both.covers(&range("a", "f")) && !both.covers(&range("a", "\0")));
        assert!(!union(&[range("a", "b"), range("c", "e")]).covers(&range("a", "e")));
    }

    #[test]
    fn a_point_and_the_range_behind_it_are_one() {
        assert!(union(&[range("a", ""), range("a\0", "c")]).covers(&range("a", "c")));
        assert!(!union(&[range("a", ""), range("b", "c")]).covers(&range("a", "c")));
    }

    #[test]
    fn only_an_open_range_covers_an_open_one() {
        assert!(union(&[range("b", "\0")]).covers(&range("c", "\0")));
        assert!(union(&[range("a", "c"), range("b", "\0")]).covers(&range("a", "\0")));
        assert!(!union(&[range("b", "\u{10ffff}")]).covers(&range("c", "\0")));
    }

    /// Keys of up to two letters out of three, which is enough for every way in which ranges can lie to each other.
    fn key() -> impl Strategy<Value = String> {
        "[abc]{1,2}"
    }

    fn any_range() -> impl Strategy<Value = KeyRange> {
        let end = prop_oneof![2 => Just(String::new()), 1 => Just("\0".to_string()), 5 => key()];
        (key(), end).prop_map(|(start, end)| range(&start, &end))
    }

    /// Every key there can be between those of the ranges, and some behind all of them.
    fn keys() -> Vec<String> {
        let letters = ["", "a", "b", "c"];
        let short = letters.iter().flat_map(|a| letters.iter().map(move |b| format!("{a}{b}")));
        let short: Vec<_> = short.filter(|key| !key.is_empty()).chain(["d".to_string()]).collect();
        short.iter().flat_map(|key| [key.clone(), format!("{key}\0"), format!("{key}\0\0")]).collect()
    }

    proptest! {
        #[test]
        fn a_range_is_covered_if_all_its_keys_are(
            ranges in prop::collection::vec(any_range(), 0..6),
            asked in any_range(),
        ) {
            let union = union(&ranges);
            let held = |key: &str| ranges.iter().any(|range| range.contains(key.as_bytes()));
            for key in keys() {
                prop_assert_eq!(union.contains(key.as_bytes()), held(&key));
            }
            if !asked.is_empty() {
                // What lies behind every key of the ranges is held by an open one only.
                let covered = keys().iter().filter(|key| asked.contains(key.as_bytes())).all(|key| held(key));
                prop_assert_eq!(union.covers(&asked), covered);
            }
        }
    }
}
