//! `HashKV`, as `server/storage/mvcc/hash.go` computes it.

use std::collections::BTreeSet;

use bytes::BufMut;
use storage_core::{HashKvResponse, Key, KeyValue, Revision, StoreError, VersionId};

use super::Model;

impl Model {
    /// The hash of every version up to `requested` that etcd has and does not skip.
    ///
    /// # Errors
    /// As the store.
    pub fn hash_kv(&self, requested: Revision) -> Result<HashKvResponse, StoreError> {
        let through = self.readable(requested)?;
        // What a compaction at `through` would keep, were it to drop tombstones.
        let keep: BTreeSet<VersionId> = self.keys_at(through).into_values().map(|kv| kv.meta.id).collect();
        let mut bytes = b"key".to_vec();
        for kv in self.versions.values().filter(|kv| kv.meta.mod_revision() <= through) {
            let (id, tombstone) = (kv.meta.id, kv.meta.is_tombstone());
            let is_old = id.revision <= self.compacted;
            // Where there is nothing to keep, etcd takes it that there was no compaction, and skips nothing.
            let is_skipped = is_old && !keep.is_empty() && !keep.contains(&id);
            let is_skipped_tombstone = tombstone && id.revision == self.compacted;
            if !is_skipped && !is_skipped_tombstone && (!is_old || self.is_kept(kv)) {
                stored(kv, &mut bytes);
            }
        }
        let hash = crc32c(&bytes);
        Ok(HashKvResponse { revision: self.revision, hash, compact_revision: self.compacted, hash_revision: through })
    }

    /// Whether the last compaction left a version that is as old as it: the newest of its key, unless that is an older
    /// tombstone.
    pub(super) fn is_kept(&self, kv: &KeyValue) -> bool {
        let newest = self.newest_at(&kv.key, self.compacted);
        newest == Some(kv.meta.id) && (!kv.meta.is_tombstone() || kv.meta.mod_revision() == self.compacted)
    }

    fn newest_at(&self, key: &Key, revision: Revision) -> Option<VersionId> {
        let mut ids = self.versions.values().filter(|kv| kv.key == *key).map(|kv| kv.meta.id);
        ids.rfind(|id| id.revision <= revision)
    }
}

/// The name and the content of a version in etcd's storage.
fn stored(kv: &KeyValue, out: &mut Vec<u8>) {
    let meta = &kv.meta;
    out.put_i64(meta.id.revision.0);
    out.put_u8(b'_');
    out.put_u64(u64::from(meta.id.sub.0));
    out.extend(meta.is_tombstone().then_some(b't'));
    chunk(out, 0x0a, &kv.key);
    if !meta.is_tombstone() {
        number(out, 0x10, meta.create_revision.0);
        number(out, 0x18, meta.mod_revision().0);
        number(out, 0x20, meta.version);
        chunk(out, 0x2a, &kv.value);
        number(out, 0x30, meta.lease.0);
    }
}

fn number(out: &mut Vec<u8>, tag: u8, value: i64) {
    if value != 0 {
        out.put_u8(tag);
        varint(out, value.cast_unsigned());
    }
}

fn chunk(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.put_u8(tag);
        varint(out, bytes.len() as u64);
        out.put_slice(bytes);
    }
}

fn varint(out: &mut Vec<u8>, value: u64) {
    if value < 128 {
        out.put_u8(value as u8);
    } else {
        out.put_u8(value as u8 | 128);
        varint(out, value >> 7);
    }
}

/// CRC-32 with Castagnoli's polynomial, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
    }
}
