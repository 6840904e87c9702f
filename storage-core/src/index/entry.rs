//! All kept versions of one key.

use crate::types::{Key, Revision, VersionId, VersionMeta};

/// A key with its kept versions. Most keys of a compacted store have one, so that one needs no allocation.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) latest: VersionMeta,
    /// Versions before `latest`, oldest first.
    older: Vec<VersionMeta>,
}

impl Entry {
    pub(crate) fn new(key: Key, latest: VersionMeta) -> Self {
        Self { key, latest, older: Vec::new() }
    }

    /// Whether the key exists after its last version.
    pub(crate) fn is_live(&self) -> bool {
        !self.latest.is_tombstone()
    }

    /// Adds a version and answers the one before.
    pub(crate) fn push(&mut self, meta: VersionMeta) -> VersionMeta {
        let before = std::mem::replace(&mut self.latest, meta);
        self.older.push(before);
        before
    }

    /// The version that `revision` saw, a tombstone included.
    pub(crate) fn version_at(&self, revision: Revision) -> Option<&VersionMeta> {
        if self.latest.mod_revision() <= revision {
            return Some(&self.latest);
        }
        let seen = self.older.partition_point(|v| v.mod_revision() <= revision);
        seen.checked_sub(1).map(|i| &self.older[i])
    }

    /// Version `id`, a tombstone included.
    pub(crate) fn version(&self, id: VersionId) -> Option<&VersionMeta> {
        self.version_at(id.revision).filter(|v| v.id == id).or_else(|| self.older.iter().rfind(|v| v.id == id))
    }

    /// The key as it existed at `revision`.
    pub(crate) fn live_at(&self, revision: Revision) -> Option<&VersionMeta> {
        self.version_at(revision).filter(|v| !v.is_tombstone())
    }

    /// Whether version `id` is one that a compaction at `compact_revision` keeps: the newest at or below it, or above it. A
    /// tombstone below it is not.
    pub(crate) fn survives(&self, id: VersionId, compact_revision: Revision) -> bool {
        if id.revision > compact_revision {
            return true;
        }
        self.version_at(compact_revision)
            .is_some_and(|v| v.id == id && (!v.is_tombstone() || id.revision == compact_revision))
    }

    /// Drops the versions above `revision`. Answers whether any are left.
    pub(crate) fn rollback(&mut self, revision: Revision) -> bool {
        while self.latest.mod_revision() > revision {
            match self.older.pop() {
                Some(before) => self.latest = before,
                None => return false,
            }
        }
        true
    }

    /// Drops one version. Answers whether any are left.
    pub(crate) fn remove(&mut self, id: VersionId) -> bool {
        if self.latest.id == id {
            match self.older.pop() {
                Some(before) => self.latest = before,
                None => return false,
            }
        } else if let Ok(i) = self.older.binary_search_by_key(&id, |v| v.id) {
            self.older.remove(i);
            self.shrink();
        }
        true
    }

    /// Gives memory back once a busy key's history was compacted away.
    fn shrink(&mut self) {
        if self.older.len() * 4 < self.older.capacity() {
            self.older.shrink_to(self.older.len());
        }
    }
}
