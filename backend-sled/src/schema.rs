//! The keys, and how a directory says that it is ours.

use std::ops::Range;

use storage_core::{Position, Revision};

/// A change of the keys or values raises it and brings a migration from the version before.
pub(crate) const VERSION: u32 = 1;
const FORMAT: &str = "auroch sled schema ";

const COMMIT: u8 = b'c';
const CONTROL_COMMIT: u8 = b'l';
const CONTROL: u8 = b'r';

/// What the file that marks our directories holds.
pub(crate) fn format() -> String {
    format!("{FORMAT}{VERSION}\n")
}

/// The version in that file, if it is one.
pub(crate) fn parse_format(text: &str) -> Option<u32> {
    let version = text.strip_prefix(FORMAT)?.strip_suffix('\n')?.parse().ok()?;
    (version > 0).then_some(version)
}

/// The two kinds of commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It changes keys; its record's number is the revision.
    Keys,
    /// It changes none; its record's number is the position.
    Controls,
}

impl Kind {
    fn tag(self) -> u8 {
        match self {
            Self::Keys => COMMIT,
            Self::Controls => CONTROL_COMMIT,
        }
    }

    /// The record with this number.
    pub(crate) fn record(self, number: u64) -> Vec<u8> {
        let mut record = Vec::with_capacity(16);
        record.push(self.tag());
        record.extend_from_slice(&number.to_be_bytes());
        record
    }

    /// All records from `number` on.
    pub(crate) fn from(self, number: u64) -> Range<Vec<u8>> {
        self.record(number)..vec![self.tag() + 1]
    }
}

/// The number in the record of a commit.
pub(crate) fn number(record: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(record.get(1..)?.try_into().ok()?))
}

/// Revisions are not negative.
pub(crate) fn of_revision(revision: Revision) -> u64 {
    revision.0.max(0).cast_unsigned()
}

/// A control record's. The length before the key makes no record the beginning of another.
pub(crate) fn control(key: &[u8]) -> Vec<u8> {
    let len = u32::try_from(key.len()).expect("keys of control records are short");
    let mut record = Vec::with_capacity(9 + key.len());
    record.push(CONTROL);
    record.extend_from_slice(&len.to_be_bytes());
    record.extend_from_slice(key);
    record
}

/// The key in that of a control record.
pub(crate) fn control_key(record: &[u8]) -> Option<&[u8]> {
    record.get(5..)
}

/// All control records.
pub(crate) fn controls() -> Range<Vec<u8>> {
    vec![CONTROL]..vec![CONTROL + 1]
}

/// A stored commit: the number that its record does not have, and the encoded commit.
pub(crate) fn commit_value(other: u64, encoded: &[u8]) -> Vec<u8> {
    [&other.to_be_bytes(), encoded].concat()
}

/// The position and revision of a stored commit of which at least the beginning is given.
pub(crate) fn place(kind: Kind, number: u64, stored: &[u8]) -> Option<(Position, Revision)> {
    let other = u64::from_be_bytes(stored.get(..OTHER_BYTES)?.try_into().ok()?);
    Some(match kind {
        Kind::Keys => (Position(other), Revision(number.cast_signed())),
        Kind::Controls => (Position(number), Revision(other.cast_signed())),
    })
}

/// Where the encoded commit begins.
pub(crate) const OTHER_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_directory_is_read_back() {
        assert_eq!(parse_format(&format()), Some(VERSION));
        assert_eq!(parse_format("auroch sled schema 7\n"), Some(7));
        for other in ["", "auroch sled schema 0\n", "auroch sled schema 1", "auroch sled schema x\n", "mine\n"] {
            assert_eq!(parse_format(other), None, "{other:?}");
        }
    }

    #[test]
    fn records_sort_as_the_log_does() {
        let records: Vec<_> = [0, 1, 255, 256, u64::MAX].map(|n| Kind::Keys.record(n)).into();
        assert!(records.is_sorted());
        assert!(records.iter().all(|record| Kind::Keys.from(0).contains(record)));
        assert!(!Kind::Keys.from(0).contains(&Kind::Controls.record(0)));
    }
}
