//! What watches see.

use storage_core::{KeyRange, KeyValue, Revision};

use super::Model;

/// One event that a watch from a past revision is to be sent.
#[derive(Clone, Debug)]
pub struct History {
    /// The version; a tombstone for a deletion.
    pub kv: KeyValue,
    /// The version before.
    pub prev: Prev,
    /// Whether it may be missing: at the compacted revision itself only the newest version of a key is sure to be there.
    pub optional: bool,
}

/// The version before an event's, at the revision before the event's.
#[derive(Clone, Debug)]
pub enum Prev {
    /// It must come with the event, or must not: the key did not exist.
    Known(Option<KeyValue>),
    /// It is compacted, and may come while it is still at hand.
    Compacted(Option<KeyValue>),
}

impl Model {
    /// The events of `keys` from `start` on, which is not below the compacted revision.
    #[must_use]
    pub fn history(&self, keys: &KeyRange, start: Revision) -> Vec<History> {
        let of_interest = |kv: &&KeyValue| kv.meta.mod_revision() >= start && keys.contains(&kv.key);
        let event = |kv: &KeyValue| {
            let before = Revision(kv.meta.mod_revision().0 - 1);
            let prev = self.keys_at(before).remove(&kv.key).cloned();
            // Never with what begins a life of its key, as in etcd.
            let prev = prev.filter(|_| !kv.meta.is_create());
            let readable = before >= self.compacted;
            History {
                kv: kv.clone(),
                prev: if readable { Prev::Known(prev) } else { Prev::Compacted(prev) },
                optional: kv.meta.mod_revision() == self.compacted && !self.is_kept(kv),
            }
        };
        self.versions.values().filter(of_interest).map(event).collect()
    }
}
