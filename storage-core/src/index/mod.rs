//! The multi-version index: every key with the metadata of its kept versions, ordered and counted, without values.

mod entry;
mod flips;
mod garbage;
mod tree;

use std::ops::ControlFlow;

use self::entry::Entry;
use self::flips::Flips;
pub(crate) use self::garbage::Dead;
use self::garbage::Garbage;
use self::tree::Tree;
use crate::key_range::{KeyRange, RangeEnd};
use crate::types::{Key, Revision, VersionId, VersionMeta};

/// The state of all keys, at every kept revision.
///
/// It runs ahead of the disk: the writer puts versions in as it evaluates requests, before they are durable. Nobody
/// else sees them, since every read names a revision and reads of others are at [`published`](Self::published) or
/// below. What turns out not to have happened is taken back with [`rollback`](Self::rollback).
#[derive(Debug)]
pub(crate) struct Index {
    tree: Tree,
    flips: Flips,
    garbage: Garbage,
    published: Revision,
    compacted: Revision,
}

/// The compacted revision of a store that never compacted, as etcd answers it.
pub(crate) const NEVER_COMPACTED: Revision = Revision(-1);

impl Index {
    pub(crate) fn new() -> Self {
        Self {
            tree: Tree::default(),
            flips: Flips::default(),
            garbage: Garbage::default(),
            published: Revision::FIRST,
            compacted: NEVER_COMPACTED,
        }
    }

    /// The last revision that is durable, and so visible.
    pub(crate) fn published(&self) -> Revision {
        self.published
    }

    /// The lowest revision that can be read.
    pub(crate) fn compacted(&self) -> Revision {
        self.compacted
    }

    /// Makes everything up to `revision` visible, and closes what is below `compacted`.
    pub(crate) fn publish(&mut self, revision: Revision, compacted: Revision) {
        assert!(revision >= self.published && compacted >= self.compacted, "revisions never go back");
        self.published = revision;
        self.compacted = compacted;
    }

    /// Number of keys, those included of which only a tombstone is left.
    pub(crate) fn len(&self) -> usize {
        self.tree.len()
    }

    /// Adds a version, of a revision at or above all others. Answers the version before it, a tombstone included.
    pub(crate) fn push(&mut self, key: &Key, meta: VersionMeta) -> Option<VersionMeta> {
        let (before, key) = self.tree.push(key, meta);
        let was_live = before.is_some_and(|v| !v.is_tombstone());
        if was_live == meta.is_tombstone() {
            self.flips.push(meta.mod_revision(), key.clone(), !was_live);
        }
        self.garbage.superseded(meta, before, &key);
        before
    }

    /// Takes back every version above `revision`; `keys` are those that may have one.
    pub(crate) fn rollback<'a>(&mut self, revision: Revision, keys: impl Iterator<Item = &'a Key>) {
        for key in keys {
            self.tree.edit(key, |entry| entry.rollback(revision));
        }
        self.flips.rollback(revision);
        self.garbage.rollback(revision);
    }

    /// Removes up to `limit` versions that no revision from `compacted` on can see, and names them for the backend.
    pub(crate) fn sweep(&mut self, limit: usize) -> Vec<VersionId> {
        let dead = self.garbage.take(self.compacted, limit);
        for Dead { key, id } in &dead {
            self.tree.edit(key, |entry| entry.remove(*id));
        }
        dead.into_iter().map(|d| d.id).collect()
    }

    /// The key as it existed at `revision`.
    pub(crate) fn get(&self, key: &[u8], revision: Revision) -> Option<(&Key, &VersionMeta)> {
        let entry = self.tree.get(key)?;
        entry.live_at(revision).map(|meta| (&entry.key, meta))
    }

    /// Version `id` of `key`, a tombstone included.
    pub(crate) fn version(&self, key: &[u8], id: VersionId) -> Option<&VersionMeta> {
        self.tree.get(key)?.version(id)
    }

    /// Whether version `id` of `key` is one that a compaction at `compact_revision` keeps.
    pub(crate) fn survives(&self, key: &[u8], id: VersionId, compact_revision: Revision) -> bool {
        self.tree.get(key).is_some_and(|entry| entry.survives(id, compact_revision))
    }

    /// Calls `visit` with the keys of `keys` that existed at `revision`, in order, until it breaks.
    pub(crate) fn visit<'a>(
        &'a self,
        keys: &KeyRange,
        revision: Revision,
        mut visit: impl FnMut(&'a Key, &'a VersionMeta) -> ControlFlow<()>,
    ) {
        if let Some(key) = keys.as_single() {
            if let Some((key, meta)) = self.get(key, revision) {
                let _ = visit(key, meta);
            }
            return;
        }
        self.tree.visit_from(keys.start(), &mut |entry: &'a Entry| {
            if !keys.contains(&entry.key) {
                return ControlFlow::Break(());
            }
            match entry.live_at(revision) {
                Some(meta) => visit(&entry.key, meta),
                None => ControlFlow::Continue(()),
            }
        });
    }

    /// How many keys of `keys` existed at `revision`. Recent revisions cost a descent of the tree, older ones a walk.
    pub(crate) fn count(&self, keys: &KeyRange, revision: Revision) -> usize {
        if keys.is_empty() {
            return 0;
        }
        if let Some(key) = keys.as_single() {
            return usize::from(self.get(key, revision).is_some());
        }
        match self.flips.since(revision, keys) {
            Some(flips) => self.count_now(keys).strict_add_signed(-flips),
            None => {
                let mut count = 0;
                self.visit(keys, revision, |_, _| {
                    count += 1;
                    ControlFlow::Continue(())
                });
                count
            }
        }
    }

    /// How many keys exist in the newest state that was evaluated.
    pub(crate) fn live(&self) -> usize {
        self.tree.live()
    }

    fn count_now(&self, keys: &KeyRange) -> usize {
        let end = match keys.end() {
            RangeEnd::Single => unreachable!("single keys are looked up"),
            RangeEnd::Before(end) => self.tree.rank(end),
            RangeEnd::Open => self.tree.live(),
        };
        end - self.tree.rank(keys.start())
    }
}
