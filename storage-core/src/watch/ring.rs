//! The recent events, shared by all watchers.

use std::collections::VecDeque;

use crate::event::{Event, RevisionEvents};
use crate::types::Revision;

/// The events of the last revisions, without gaps, bounded in bytes.
#[derive(Debug)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    /// The revision behind the last one.
    end: Revision,
    bytes: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    events: RevisionEvents,
    bytes: usize,
}

impl Ring {
    /// An empty ring for what follows `revision`.
    pub(super) fn new(max_bytes: usize, revision: Revision) -> Self {
        Self { entries: VecDeque::new(), end: revision.next(), bytes: 0, max_bytes }
    }

    /// Forgets everything, for what follows `revision`.
    pub(super) fn restart(&mut self, revision: Revision) {
        *self = Self::new(self.max_bytes, revision);
    }

    /// The first revision in the ring; if there is none, the next one to come.
    pub(super) fn begin(&self) -> Revision {
        Revision(self.end.0 - i64::try_from(self.entries.len()).expect("a ring fits into memory"))
    }

    /// The next revision to come.
    pub(super) fn end(&self) -> Revision {
        self.end
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds the next revision and moves what no longer fits to `evicted`, so that the caller can free it outside its lock.
    pub(super) fn push(&mut self, events: RevisionEvents, evicted: &mut Vec<RevisionEvents>) {
        assert_eq!(events.revision, self.end, "revisions are published without gaps");
        let bytes = events.events.iter().map(|event| resident_bytes(event)).sum();
        self.entries.push_back(Entry { events, bytes });
        self.end = self.end.next();
        self.bytes += bytes;
        while self.bytes > self.max_bytes {
            let first = self.entries.pop_front().expect("an empty ring has no bytes");
            self.bytes -= first.bytes;
            evicted.push(first.events);
        }
    }

    pub(super) fn get(&self, revision: Revision) -> Option<&RevisionEvents> {
        let index = usize::try_from(revision.0 - self.begin().0).ok()?;
        self.entries.get(index).map(|entry| &entry.events)
    }

    /// The revisions from `revision` on, which is not before [`Ring::begin`].
    pub(super) fn iter_from(&self, revision: Revision) -> impl Iterator<Item = &RevisionEvents> {
        let skip = usize::try_from(revision.0 - self.begin().0).expect("the ring reaches back to the revision");
        self.entries.range(skip..).map(|entry| &entry.events)
    }
}

/// What an event will hold once it has its previous value and its encoding, which repeats key and values.
fn resident_bytes(event: &Event) -> usize {
    let prev = event.prev.as_ref().map_or(0, |prev| prev.meta.value_bytes());
    size_of::<Event>() + 2 * (event.key.len() + event.value.0.len() + prev)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::types::{LeaseId, Sub, VersionId, VersionMeta};

    fn one_event(revision: i64) -> RevisionEvents {
        let id = VersionId { revision: Revision(revision), sub: Sub(0) };
        let meta = VersionMeta::put(id, id.revision, 1, LeaseId::NONE, 100);
        let event = Event::new(b"k".as_slice().into(), meta, Bytes::from(vec![0; 100]), None);
        RevisionEvents { revision: id.revision, events: [event.into()].into() }
    }

    fn filled(max_bytes: usize) -> (Ring, usize) {
        let mut ring = Ring::new(max_bytes, Revision(1));
        let mut evicted = Vec::new();
        for revision in 2..=101 {
            ring.push(one_event(revision), &mut evicted);
            assert!(ring.bytes() <= max_bytes);
        }
        (ring, evicted.len())
    }

    #[test]
    fn the_ring_keeps_the_last_revisions_within_its_bytes() {
        let weight = resident_bytes(&one_event(2).events[0]);
        let (ring, evicted) = filled(weight * 10 + 1);
        assert_eq!((ring.len(), evicted), (10, 90));
        assert_eq!((ring.begin(), ring.end()), (Revision(92), Revision(102)));
        assert_eq!(ring.get(Revision(91)).map(|e| e.revision), None);
        assert_eq!(ring.get(Revision(95)).map(|e| e.revision), Some(Revision(95)));
        assert_eq!(ring.get(Revision(102)).map(|e| e.revision), None);
        let rest: Vec<_> = ring.iter_from(Revision(100)).map(|e| e.revision.0).collect();
        assert_eq!(rest, [100, 101]);
    }

    #[test]
    fn a_ring_without_room_stays_empty() {
        let (ring, evicted) = filled(10);
        assert_eq!((ring.len(), evicted, ring.begin()), (0, 100, Revision(102)));
        assert_eq!(ring.iter_from(Revision(102)).count(), 0);
    }
}
