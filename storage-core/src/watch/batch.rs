//! The events of one message while they are gathered.

use std::sync::Arc;

use crate::event::{Event, RevisionEvents};

/// At most so many revisions go into one message, as in etcd.
const MAX_REVISIONS: usize = 1000;
/// A message ends with the revision that brings it to this size.
const MAX_BYTES: usize = 1 << 20;

/// Events of whole revisions, up to what one message holds.
#[derive(Debug)]
pub(super) struct Batch {
    events: Vec<Arc<Event>>,
    prev_kv: bool,
    revisions: usize,
    bytes: usize,
}

impl Batch {
    pub(super) fn new(prev_kv: bool) -> Self {
        Self { events: Vec::new(), prev_kv, revisions: 0, bytes: 0 }
    }

    /// Takes those events of a revision that are `wanted`.
    pub(super) fn add(&mut self, revision: &RevisionEvents, wanted: impl Fn(&Event) -> bool) {
        self.add_all(revision.events.iter().filter(|event| wanted(event)).cloned());
    }

    /// Takes events that are all there is of a revision.
    pub(super) fn add_all(&mut self, events: impl Iterator<Item = Arc<Event>>) {
        let before = self.events.len();
        self.events.extend(events);
        let added = &self.events[before..];
        self.revisions += usize::from(!added.is_empty());
        self.bytes += added.iter().map(|event| sent_bytes(event, self.prev_kv)).sum::<usize>();
    }

    pub(super) fn is_full(&self) -> bool {
        self.revisions >= MAX_REVISIONS || self.bytes >= MAX_BYTES
    }

    pub(super) fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    pub(super) fn into_events(self) -> Vec<Arc<Event>> {
        self.events
    }
}

/// About what an event takes in a message. A previous value counts even if it has yet to be fetched.
fn sent_bytes(event: &Event, prev_kv: bool) -> usize {
    /// Revisions, version, lease and tags.
    const FIELDS: usize = 40;
    let prev = event.prev.as_ref().filter(|_| prev_kv);
    let prev = prev.map_or(0, |prev| FIELDS + event.key.len() + prev.meta.value_bytes());
    FIELDS + event.key.len() + event.value.0.len() + prev
}
