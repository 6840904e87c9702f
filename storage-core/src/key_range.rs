//! Ranges of keys as etcd's requests name them.

use crate::types::Key;

/// A set of keys: one key, or all keys from `start` up to an end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRange {
    start: Key,
    end: RangeEnd,
}

/// Where a [`KeyRange`] ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RangeEnd {
    /// The range is the single key `start`.
    Single,
    /// Every key below this one.
    Before(Key),
    /// Every key from `start` on.
    Open,
}

impl KeyRange {
    /// The range that a request's `key` and `range_end` mean: an empty `range_end` is the single key, a
    /// `range_end` of one zero byte is every key from `key` on.
    #[must_use]
    pub fn new(key: &[u8], range_end: &[u8]) -> Self {
        let end = match range_end {
            [] => RangeEnd::Single,
            [0] => RangeEnd::Open,
            end => RangeEnd::Before(end.into()),
        };
        Self { start: key.into(), end }
    }

    /// The range of one key.
    #[must_use]
    pub fn single(key: Key) -> Self {
        Self { start: key, end: RangeEnd::Single }
    }

    /// Every key there is.
    #[must_use]
    pub fn everything() -> Self {
        Self { start: [].as_slice().into(), end: RangeEnd::Open }
    }

    /// The first key that may belong to the range.
    #[must_use]
    pub fn start(&self) -> &Key {
        &self.start
    }

    /// Where the range ends.
    #[must_use]
    pub fn end(&self) -> &RangeEnd {
        &self.end
    }

    /// The end as a request's `range_end` names it.
    #[must_use]
    pub fn end_bytes(&self) -> &[u8] {
        match &self.end {
            RangeEnd::Single => &[],
            RangeEnd::Before(end) => end,
            RangeEnd::Open => &[0],
        }
    }

    /// The single key, if the range is one.
    #[must_use]
    pub fn as_single(&self) -> Option<&Key> {
        matches!(self.end, RangeEnd::Single).then_some(&self.start)
    }

    /// Whether no key can belong to the range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.end, RangeEnd::Before(end) if *end <= self.start)
    }

    /// Whether `key` belongs to the range.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        match &self.end {
            RangeEnd::Single => key == self.start.as_bytes(),
            RangeEnd::Before(end) => key >= self.start.as_bytes() && key < end.as_bytes(),
            RangeEnd::Open => key >= self.start.as_bytes(),
        }
    }

    /// The same range without the keys below `start`.
    #[must_use]
    pub fn starting_at(&self, start: Key) -> Self {
        Self { start, end: self.end.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_end_is_the_single_key() {
        let range = KeyRange::new(b"a", b"");
        assert!(range.contains(b"a") && !range.contains(b"a\0") && !range.is_empty());
    }

    #[test]
    fn an_end_of_one_zero_byte_is_open() {
        let range = KeyRange::new(b"b", b"\0");
        assert!(range.contains(b"b") && range.contains(b"\xff\xff") && !range.contains(b"a"));
    }

    #[test]
    fn an_end_at_or_below_the_start_holds_nothing() {
        assert!(KeyRange::new(b"b", b"b").is_empty());
        assert!(KeyRange::new(b"b", b"a").is_empty());
        assert!(!KeyRange::new(b"b", b"a").contains(b"b"));
    }
}
