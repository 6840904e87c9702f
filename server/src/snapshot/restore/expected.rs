//! The hash that etcd's `HashKV` would answer of the file. Source: etcd 3.7.3, `server/storage/mvcc/hash.go`.

use std::collections::HashMap;

use storage_core::{Key, Revision, VersionId, VersionMeta};

use super::version::Version;

/// What the hash needs to know of each key before it is computed.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<Key, Seen>);

#[derive(Debug)]
struct Seen {
    newest: VersionId,
    is_live: bool,
    /// The newest at or below the compacted revision.
    kept: Option<VersionId>,
}

/// The hash in the making, over the bytes of the file itself.
#[derive(Debug)]
pub(super) struct Expected {
    keys: Keys,
    compacted: Revision,
    is_empty: bool,
    crc: u32,
}

impl Keys {
    /// Takes note of the next version. `compacted` is the revision up to which the store is compacted.
    pub(super) fn note(&mut self, key: &Key, meta: &VersionMeta, compacted: Revision) {
        let kept = (meta.id.revision <= compacted).then_some(meta.id);
        let seen = Seen { newest: meta.id, is_live: !meta.is_tombstone(), kept };
        match self.0.get_mut(key) {
            Some(before) => *before = Seen { kept: seen.kept.or(before.kept), ..seen },
            None => drop(self.0.insert(key.clone(), seen)),
        }
    }

    /// All that was noted is below `compacted` now.
    pub(super) fn compact(&mut self) {
        self.0.values_mut().for_each(|seen| seen.kept = Some(seen.newest));
    }

    /// How many keys there are at the end.
    pub(super) fn live(&self) -> usize {
        self.0.values().filter(|seen| seen.is_live).count()
    }
}

impl Expected {
    pub(super) fn new(keys: Keys, compacted: Revision) -> Self {
        let is_empty = keys.live() == 0;
        Self { keys, compacted, is_empty, crc: crc32c::crc32c(b"key") }
    }

    pub(super) fn write(&mut self, name: &[u8], stored: &[u8], version: &Version) {
        if self.shows(&version.mutation.key, &version.mutation.meta) {
            self.crc = crc32c::crc32c_append(crc32c::crc32c_append(self.crc, name), stored);
        }
    }

    pub(super) fn hash(&self) -> u32 {
        self.crc
    }

    fn shows(&self, key: &Key, meta: &VersionMeta) -> bool {
        if meta.id.revision > self.compacted {
            return true;
        }
        if meta.id.revision == self.compacted && meta.is_tombstone() {
            return false;
        }
        let Some(seen) = self.keys.0.get(key) else { return false };
        if self.is_empty {
            !meta.is_tombstone() && seen.kept == Some(meta.id)
        } else {
            seen.is_live && seen.newest == meta.id
        }
    }
}
