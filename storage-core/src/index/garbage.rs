//! Versions that a compaction will remove, known from the moment they are superseded.

use std::collections::VecDeque;

use crate::types::{Key, Revision, VersionId, VersionMeta};

/// A version that no readable revision sees.
#[derive(Debug)]
pub(crate) struct Dead {
    pub(crate) key: Key,
    pub(crate) id: VersionId,
}

/// Superseded versions and tombstones, in the order of the revisions that made them so. A compaction takes its work from
/// the front, in log order, instead of walking all keys.
#[derive(Debug, Default)]
pub(super) struct Garbage {
    queue: VecDeque<Superseded>,
}

#[derive(Debug)]
struct Superseded {
    /// The revision from which on nobody sees it; a tombstone, which is visible to watches at its own revision, dies one later.
    at: Revision,
    key: Key,
    id: VersionId,
    tombstone: bool,
}

impl Superseded {
    fn is_dead(&self, compacted: Revision) -> bool {
        if self.tombstone { self.at < compacted } else { self.at <= compacted }
    }
}

impl Garbage {
    /// Notes what the new version `meta` of `key` makes garbage of: the version before it, and itself if it is a tombstone.
    pub(super) fn superseded(&mut self, meta: VersionMeta, before: Option<VersionMeta>, key: &Key) {
        let at = meta.mod_revision();
        if let Some(before) = before.filter(|v| !v.is_tombstone()) {
            self.queue.push_back(Superseded { at, key: key.clone(), id: before.id, tombstone: false });
        }
        if meta.is_tombstone() {
            self.queue.push_back(Superseded { at, key: key.clone(), id: meta.id, tombstone: true });
        }
    }

    pub(super) fn rollback(&mut self, revision: Revision) {
        while self.queue.back().is_some_and(|s| s.at > revision) {
            self.queue.pop_back();
        }
    }

    /// Takes up to `limit` versions that are dead at `compacted`, in ascending order.
    pub(super) fn take(&mut self, compacted: Revision, limit: usize) -> Vec<Dead> {
        let mut dead = Vec::new();
        let mut kept = Vec::new();
        while dead.len() < limit && self.queue.front().is_some_and(|s| s.at <= compacted) {
            let front = self.queue.pop_front().expect("there is one");
            if front.is_dead(compacted) {
                dead.push(Dead { key: front.key, id: front.id });
            } else {
                kept.push(front);
            }
        }
        // Only tombstones of exactly the compacted revision stay, so this is short.
        for superseded in kept.into_iter().rev() {
            self.queue.push_front(superseded);
        }
        dead.sort_unstable_by_key(|d| d.id);
        dead
    }
}
