//! `HashKV` and `Hash`, over the same bytes as etcd's.

use bytes::BytesMut;
use parking_lot::RwLock;

use crate::backend::{Backend, ScanFrom, ScanLimits};
use crate::commit::{Commit, Mutation};
use crate::error::StoreError;
use crate::index::Index;
use crate::key_range::KeyRange;
use crate::read::{self, ReadError};
use crate::response::HashKvResponse;
use crate::store::Inner;
use crate::types::Revision;
use crate::wire;

/// etcd hashes the name of its bucket first.
const BUCKET: &[u8] = b"key";

/// The hash of every kept version up to `requested` (0 or less: the current revision). As etcd does, it leaves out of
/// what is as old as the compacted revision all that nobody sees at `requested`, so that stores which have swept and
/// those which have not yet agree.
///
/// # Errors
/// [`ReadError::Missing`] if another store of the same log may have swept some of it meanwhile.
pub(crate) async fn hash_kv(store: &Inner, requested: Revision) -> Result<HashKvResponse, ReadError> {
    let _pin = store.pins.pin();
    let hash = hash_at(&store.index, &*store.backend, requested).await?;
    // Whoever sweeps has its compaction in the log by then.
    if store.linearize().await? && store.index.read().compacted() > hash.compact_revision {
        return Err(ReadError::Missing);
    }
    Ok(hash)
}

/// The same of an index and the backend below it, where nothing is swept meanwhile.
pub(crate) async fn hash_at(
    index: &RwLock<Index>,
    backend: &dyn Backend,
    requested: Revision,
) -> Result<HashKvResponse, StoreError> {
    let mut hashing = Hashing::new(index, requested)?;
    let mut from = Revision(0);
    loop {
        let scan = backend.scan(ScanFrom::Revision(from), ScanLimits::default()).await;
        let commits = scan.map_err(|e| StoreError::from_read(&e))?;
        let Some(last) = commits.last() else { break };
        from = last.revision.next();
        commits.iter().for_each(|commit| hashing.take(index, commit));
        if from > hashing.through {
            break;
        }
    }
    Ok(hashing.answer())
}

/// A hash in the making: it takes the commits of the log in their order.
pub(crate) struct Hashing {
    current: Revision,
    compacted: Revision,
    through: Revision,
    /// Whether no key exists at `through`. etcd then leaves out only what the compaction removes.
    is_empty: bool,
    hasher: Hasher,
}

impl Hashing {
    /// Of `index` at `requested`, 0 or less for the current revision.
    pub(crate) fn new(index: &RwLock<Index>, requested: Revision) -> Result<Self, StoreError> {
        let index = index.read();
        let current = index.published();
        let through = read::resolve(&index, requested, current)?;
        let is_empty = index.count(&KeyRange::everything(), through) == 0;
        Ok(Self { current, compacted: index.compacted(), through, is_empty, hasher: Hasher::new() })
    }

    /// Takes the next commit. Those behind its revision do not count.
    pub(crate) fn take(&mut self, index: &RwLock<Index>, commit: &Commit) {
        if commit.revision <= self.through {
            for mutation in &commit.mutations {
                if self.shows(index, mutation) {
                    self.hasher.write(mutation);
                }
            }
        }
    }

    pub(crate) fn answer(&self) -> HashKvResponse {
        let Self { current, compacted, through, .. } = *self;
        HashKvResponse { revision: current, hash: self.hasher.crc, compact_revision: compacted, hash_revision: through }
    }

    /// A tombstone at the compacted revision itself is left out: etcd's older versions do not keep it.
    fn shows(&self, index: &RwLock<Index>, mutation: &Mutation) -> bool {
        let id = mutation.meta.id;
        if id.revision > self.compacted {
            return true;
        }
        if id.revision == self.compacted && mutation.meta.is_tombstone() {
            return false;
        }
        let index = index.read();
        if self.is_empty {
            index.survives(&mutation.key, id, self.compacted)
        } else {
            index.get(&mutation.key, self.through).is_some_and(|(_, meta)| meta.id == id)
        }
    }
}

struct Hasher {
    crc: u32,
    buffer: BytesMut,
}

impl Hasher {
    fn new() -> Self {
        Self { crc: crc32c::crc32c(BUCKET), buffer: BytesMut::new() }
    }

    /// etcd's stored form of a version: its name, and the marshalled key-value.
    fn write(&mut self, mutation: &Mutation) {
        self.buffer.clear();
        wire::put_stored_name(&mut self.buffer, &mutation.meta);
        wire::put_stored_value(&mut self.buffer, mutation);
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
    }
}
