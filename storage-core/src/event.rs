//! What a watch sees: the events of commits, with their wire encodings made once and shared.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::types::{Key, Revision, VersionMeta};
use crate::wire;

/// One change of one key, in the ring and on its way to any number of watchers.
#[derive(Debug)]
pub struct Event {
    /// The key.
    pub key: Key,
    /// The version that the change made; a tombstone for a deletion.
    pub meta: VersionMeta,
    /// The new value; empty for a deletion.
    pub value: EventValue,
    /// The version before, if the key existed.
    pub prev: Option<PrevKv>,
    encoded: OnceLock<Bytes>,
    encoded_with_prev: OnceLock<Bytes>,
}

/// The version before an event's.
#[derive(Debug)]
pub struct PrevKv {
    /// Its revisions, version and lease.
    pub meta: VersionMeta,
    /// Its value. Unset until someone needs it where it was not at hand when the event was made; `None` inside if the
    /// value is gone (compacted).
    pub value: OnceLock<Option<EventValue>>,
}

/// A value, which a debug print leaves out.
#[derive(Clone, PartialEq, Eq)]
pub struct EventValue(pub Bytes);

impl std::fmt::Debug for EventValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Event {
    /// An event that nobody has encoded yet.
    #[must_use]
    pub fn new(key: Key, meta: VersionMeta, value: Bytes, prev: Option<PrevKv>) -> Self {
        Self { key, meta, value: EventValue(value), prev, encoded: OnceLock::new(), encoded_with_prev: OnceLock::new() }
    }

    /// Whether it is a deletion.
    #[must_use]
    pub fn is_delete(&self) -> bool {
        self.meta.is_tombstone()
    }

    /// The version before, with its value, if there was one and it is not compacted. `None` also while the value has not been
    /// fetched: see [`Event::lacks_prev_value`].
    #[must_use]
    pub fn prev_kv(&self) -> Option<(&VersionMeta, &Bytes)> {
        let prev = self.prev.as_ref()?;
        let value = prev.value.get()?.as_ref()?;
        Some((&prev.meta, &value.0))
    }

    /// Whether the version before must be fetched before [`Event::encoded`] can show it.
    #[must_use]
    pub fn lacks_prev_value(&self) -> bool {
        self.prev.as_ref().is_some_and(|prev| prev.value.get().is_none())
    }

    /// The event as an encoded `mvccpb.Event`, made at the first call.
    ///
    /// # Panics
    /// If `prev_kv` is asked for while [`Event::lacks_prev_value`].
    pub fn encoded(&self, prev_kv: bool) -> &Bytes {
        if prev_kv && self.prev.is_some() {
            assert!(!self.lacks_prev_value(), "the caller fetches previous values first");
            self.encoded_with_prev.get_or_init(|| wire::encode_event(self, true))
        } else {
            self.encoded.get_or_init(|| wire::encode_event(self, false))
        }
    }

    /// About how many bytes it holds in memory, not counting encodings.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        let prev = self.prev_kv().map_or(0, |(_, value)| value.len());
        size_of::<Self>() + self.key.len() + self.value.0.len() + prev
    }
}

impl PrevKv {
    /// The version before, whose value is known.
    #[must_use]
    pub fn known(meta: VersionMeta, value: Bytes) -> Self {
        Self { meta, value: OnceLock::from(Some(EventValue(value))) }
    }

    /// The version before, whose value must be fetched when someone needs it.
    #[must_use]
    pub fn unfetched(meta: VersionMeta) -> Self {
        Self { meta, value: OnceLock::new() }
    }
}

/// The events of one revision, in order.
#[derive(Clone, Debug)]
pub struct RevisionEvents {
    /// The revision.
    pub revision: Revision,
    /// Its events; never empty.
    pub events: Arc<[Arc<Event>]>,
}

impl RevisionEvents {
    /// The same events as one sees them who comes when the revision before is compacted: as in etcd, without what was there
    /// before, whether or not it is still at hand.
    pub(crate) fn without_prev(&self) -> Self {
        let bare = |e: &Arc<Event>| Arc::new(Event::new(e.key.clone(), e.meta, e.value.0.clone(), None));
        Self { revision: self.revision, events: self.events.iter().map(bare).collect() }
    }
}
