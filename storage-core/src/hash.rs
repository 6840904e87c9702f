//! `HashKV` and `Hash`, over the same bytes as etcd's.

use bytes::{BufMut, BytesMut};

use crate::backend::{ScanFrom, ScanLimits};
use crate::commit::Mutation;
use crate::error::StoreError;
use crate::read;
use crate::response::HashKvResponse;
use crate::store::Inner;
use crate::types::{Revision, VersionId};
use crate::wire;

/// etcd hashes the name of its bucket first.
const BUCKET: &[u8] = b"key";

/// The hash of every kept version up to `requested` (0 or less: the current revision), without what a compaction at the compacted
/// revision drops, so that stores which have swept and those which have not yet agree.
pub(crate) async fn hash_kv(store: &Inner, requested: Revision) -> Result<HashKvResponse, StoreError> {
    let _pin = store.pins.pin();
    let (current, compacted, through) = {
        let index = store.index.read();
        let current = index.published();
        (current, index.compacted(), read::resolve(&index, requested, current)?)
    };
    let mut hasher = Hasher::new();
    let mut from = Revision(0);
    'log: loop {
        let scan = store.backend.scan(ScanFrom::Revision(from), ScanLimits::default()).await;
        let commits = scan.map_err(|e| StoreError::from_read(&e))?;
        let Some(last) = commits.last() else { break };
        from = last.revision.next();
        for commit in &commits {
            if commit.revision > through {
                break 'log;
            }
            commit.mutations.iter().filter(|m| is_hashed(store, m, compacted)).for_each(|m| hasher.write(m));
        }
    }
    Ok(HashKvResponse { revision: current, hash: hasher.crc, compact_revision: compacted, hash_revision: through })
}

/// A tombstone at the compacted revision itself is left out: etcd's older versions do not keep it.
fn is_hashed(store: &Inner, mutation: &Mutation, compacted: Revision) -> bool {
    let id = mutation.meta.id;
    if id.revision > compacted {
        return true;
    }
    let is_left_out = id.revision == compacted && mutation.meta.is_tombstone();
    !is_left_out && store.index.read().survives(&mutation.key, id, compacted)
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
        let meta = &mutation.meta;
        self.buffer.clear();
        put_name(&mut self.buffer, meta.id, meta.is_tombstone());
        if meta.is_tombstone() {
            wire::put_key_only(&mut self.buffer, &mutation.key);
        } else {
            wire::put_key_value(&mut self.buffer, &mutation.key, meta, &mutation.value);
        }
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
    }
}

/// Main revision, `_`, sub-revision, and `t` for a tombstone; big endian, 8 bytes each.
fn put_name(out: &mut BytesMut, id: VersionId, tombstone: bool) {
    out.put_i64(id.revision.0);
    out.put_u8(b'_');
    out.put_i64(i64::from(id.sub.0));
    if tombstone {
        out.put_u8(b't');
    }
}
