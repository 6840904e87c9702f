//! The commit: the outcome of one request, and the unit of durability and order.

mod codec;

use std::sync::Arc;

use bytes::Bytes;

pub use self::codec::{CommitCodecError, decode_commit, decode_metas, encode_commit};
use crate::types::{CommitId, Key, Position, Revision, VersionMeta};

/// The outcome of one committed request: kept whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its place in the log.
    pub position: Position,
    /// The store's revision after it. The commit's own where it has mutations, else that of the last commit that had, or, at the
    /// end of what was restored, a higher one.
    pub revision: Revision,
    /// Random, for telling this commit from another at the same position.
    pub id: CommitId,
    /// Changes of keys, by ascending sub-revision. Compaction removes single mutations of a commit, so subs
    /// may have gaps in what is read back.
    pub mutations: Vec<Mutation>,
    /// Changes of everything that is not a key: leases, alarms, the compaction mark, identity.
    pub controls: Vec<ControlChange>,
}

/// One put or tombstone of a [`Commit`].
#[derive(Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The key it changes.
    pub key: Key,
    /// All that the index keeps of it; `meta.id.revision` is the commit's revision.
    pub meta: VersionMeta,
    /// The value; empty for a tombstone.
    pub value: Bytes,
}

/// Values may be secrets: a debug print shows sizes only.
impl std::fmt::Debug for Mutation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mutation").field("key", &self.key).field("meta", &self.meta).finish_non_exhaustive()
    }
}

/// A change of one control record. Backends keep the records in a map of bytes to bytes and need not know what
/// they mean: `crate::control` does.
#[derive(Clone, PartialEq, Eq)]
pub struct ControlChange {
    /// The record's name.
    pub key: Bytes,
    /// Its new content, or `None` if it goes.
    pub value: Option<Bytes>,
}

/// Control records may hold credentials: a debug print shows sizes only.
impl std::fmt::Debug for ControlChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ControlChange({} bytes)", self.value.as_ref().map_or(0, Bytes::len))
    }
}

/// Commits that are appended together, in order of position.
pub type Group = Arc<[Commit]>;

impl Commit {
    /// About how many bytes it takes in the log and in memory.
    #[must_use]
    pub fn weight_bytes(&self) -> usize {
        const PER_COMMIT: usize = 48;
        const PER_MUTATION: usize = 32;
        let mutations: usize = self.mutations.iter().map(|m| PER_MUTATION + m.key.len() + m.value.len()).sum();
        let controls: usize = self.controls.iter().map(|c| c.key.len() + c.value.as_ref().map_or(0, Bytes::len)).sum();
        PER_COMMIT + mutations + controls
    }
}
