use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use storage_core::HashKvResponse;

/// How many hashes are remembered. etcd remembers those of as many compactions.
const REMEMBERED: usize = 10;

/// The hashes that were told last. A compaction removes what went into the hash of its own revision, but who compares that hash
/// with one from before must find it the same. etcd computes it at each compaction, reading everything, for whoever may ask.
#[derive(Default)]
pub(super) struct ToldHashes(Mutex<VecDeque<HashKvResponse>>);

impl ToldHashes {
    /// What to tell for a hash that was computed just now.
    pub(super) fn settle(&self, hashed: HashKvResponse) -> HashKvResponse {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |other: &HashKvResponse| other.hash_revision == hashed.hash_revision;
        if hashed.hash_revision == hashed.compact_revision {
            let before = told.iter().rev().find(|other| same(other));
            return before.map_or(hashed, |before| HashKvResponse { revision: hashed.revision, ..*before });
        }
        told.retain(|other| !same(other));
        if told.len() == REMEMBERED {
            told.pop_front();
        }
        told.push_back(hashed);
        hashed
    }
}
