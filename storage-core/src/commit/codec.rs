//! The bytes of a commit in a backend's row. Every backend stores this form, so it is written once here; DESIGN.md
//! documents it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Commit, ControlChange, Mutation};
use crate::types::{CommitId, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};

/// The first byte of the encoding. A reader refuses a form that it does not know.
const FORM: u8 = 1;
const TOMBSTONE: u8 = 1;
const CRC_BYTES: usize = 4;

/// Why stored bytes are not a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitCodecError {
    /// The checksum does not match: the bytes were altered or cut short.
    #[error("a stored commit is damaged (checksum mismatch)")]
    Checksum,
    /// The form is one that this version does not know.
    #[error("a stored commit has form {0}, which this version does not know")]
    Form(u8),
    /// The checksum matches but the content makes no sense.
    #[error("a stored commit is malformed")]
    Malformed,
}

/// The stored form of a commit, without its position and revision: those are the row's keys.
#[must_use]
pub fn encode_commit(commit: &Commit) -> Bytes {
    let mut out = BytesMut::with_capacity(commit.weight_bytes() + 64);
    out.put_u8(FORM);
    out.put_u128_le(commit.id.0);
    put_varint(&mut out, commit.mutations.len() as u64);
    for mutation in &commit.mutations {
        put_mutation(&mut out, mutation);
    }
    put_varint(&mut out, commit.controls.len() as u64);
    for control in &commit.controls {
        put_bytes(&mut out, &control.key);
        out.put_u8(u8::from(control.value.is_some()));
        put_bytes(&mut out, control.value.as_deref().unwrap_or_default());
    }
    let crc = crc32c::crc32c(&out);
    out.put_u32_le(crc);
    out.freeze()
}

fn put_mutation(out: &mut BytesMut, mutation: &Mutation) {
    let meta = &mutation.meta;
    out.put_u8(if meta.is_tombstone() { TOMBSTONE } else { 0 });
    put_varint(out, u64::from(meta.id.sub.0));
    put_bytes(out, &mutation.key);
    if !meta.is_tombstone() {
        // The age of the key's life is smaller than the revision that began it.
        put_varint(out, (meta.id.revision.0 - meta.create_revision.0).cast_unsigned());
        put_varint(out, meta.version.cast_unsigned());
        put_varint(out, meta.lease.0.cast_unsigned());
        put_bytes(out, &mutation.value);
    }
}

/// The commit that [`encode_commit`] stored under `position` and `revision`. Values share the memory of `stored`.
///
/// # Errors
/// If the bytes are not a commit.
pub fn decode_commit(position: Position, revision: Revision, stored: &Bytes) -> Result<Commit, CommitCodecError> {
    let mut reader = Reader::open(stored)?;
    let id = reader.id;
    let mut mutations = Vec::with_capacity(reader.mutations.min(stored.len()));
    for _ in 0..reader.mutations {
        let (key, meta, value) = reader.mutation(revision)?;
        let value = if value.is_empty() { Bytes::new() } else { stored.slice_ref(value) };
        mutations.push(Mutation { key: key.into(), meta, value });
    }
    let count = reader.varint()?;
    let mut controls = Vec::new();
    for _ in 0..count {
        let key = Bytes::copy_from_slice(reader.bytes()?);
        let present = reader.byte()? == 1;
        let value = Bytes::copy_from_slice(reader.bytes()?);
        controls.push(ControlChange { key, value: present.then_some(value) });
    }
    Ok(Commit { position, revision, id, mutations, controls })
}

/// Calls `each` with the key, metadata and value of every mutation of a stored commit, without copying any.
///
/// # Errors
/// If the bytes are not a commit.
pub fn decode_metas(
    revision: Revision,
    stored: &[u8],
    mut each: impl FnMut(&[u8], VersionMeta, &[u8]),
) -> Result<(), CommitCodecError> {
    let mut reader = Reader::open(stored)?;
    for _ in 0..reader.mutations {
        let (key, meta, value) = reader.mutation(revision)?;
        each(key, meta, value);
    }
    Ok(())
}

struct Reader<'a> {
    rest: &'a [u8],
    id: CommitId,
    mutations: usize,
}

impl<'a> Reader<'a> {
    fn open(stored: &'a [u8]) -> Result<Self, CommitCodecError> {
        let Some(split) = stored.len().checked_sub(CRC_BYTES) else {
            return Err(CommitCodecError::Checksum);
        };
        let (body, mut crc) = stored.split_at(split);
        if crc32c::crc32c(body) != crc.get_u32_le() {
            return Err(CommitCodecError::Checksum);
        }
        let mut reader = Self { rest: body, id: CommitId(0), mutations: 0 };
        match reader.byte()? {
            FORM => {}
            form => return Err(CommitCodecError::Form(form)),
        }
        reader.id = CommitId(reader.rest.try_get_u128_le().map_err(|_| CommitCodecError::Malformed)?);
        reader.mutations = usize::try_from(reader.varint()?).map_err(|_| CommitCodecError::Malformed)?;
        Ok(reader)
    }

    fn mutation(&mut self, revision: Revision) -> Result<(&'a [u8], VersionMeta, &'a [u8]), CommitCodecError> {
        let tombstone = self.byte()? == TOMBSTONE;
        let sub = Sub(u32::try_from(self.varint()?).map_err(|_| CommitCodecError::Malformed)?);
        let id = VersionId { revision, sub };
        let key = self.bytes()?;
        if tombstone {
            return Ok((key, VersionMeta::tombstone(id), &[]));
        }
        // 0 is that of the mark by which a restore raises the revision, as etcdutl does.
        let create = i64::try_from(self.varint()?).ok().filter(|age| (0..=revision.0).contains(age));
        let create = create.map(|age| Revision(revision.0 - age)).ok_or(CommitCodecError::Malformed)?;
        let version = self.varint()?.cast_signed();
        let lease = LeaseId(self.varint()?.cast_signed());
        let value = self.bytes()?;
        Ok((key, VersionMeta::put(id, create, version, lease, value.len()), value))
    }

    fn byte(&mut self) -> Result<u8, CommitCodecError> {
        self.rest.try_get_u8().map_err(|_| CommitCodecError::Malformed)
    }

    fn varint(&mut self) -> Result<u64, CommitCodecError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CommitCodecError::Malformed)
    }

    fn bytes(&mut self) -> Result<&'a [u8], CommitCodecError> {
        let len = usize::try_from(self.varint()?).map_err(|_| CommitCodecError::Malformed)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(CommitCodecError::Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.put_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Commit {
        let id = |sub| VersionId { revision: Revision(900), sub: Sub(sub) };
        let put = VersionMeta::put(id(0), Revision(7), 300, LeaseId(-5), 3);
        Commit {
            position: Position(1000),
            revision: Revision(900),
            id: CommitId(u128::MAX - 3),
            mutations: vec![
                Mutation { key: b"a".as_slice().into(), meta: put, value: Bytes::from_static(b"xyz") },
                Mutation { key: b"b".as_slice().into(), meta: VersionMeta::tombstone(id(2)), value: Bytes::new() },
            ],
            controls: vec![
                ControlChange { key: Bytes::from_static(b"c"), value: Some(Bytes::new()) },
                ControlChange { key: Bytes::from_static(b"d"), value: None },
            ],
        }
    }

    #[test]
    fn a_commit_comes_back_as_it_was_stored() {
        let commit = sample();
        let stored = encode_commit(&commit);
        assert_eq!(decode_commit(commit.position, commit.revision, &stored), Ok(commit));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let stored = encode_commit(&sample());
        for byte in 0..stored.len() {
            let mut damaged = stored.to_vec();
            damaged[byte] ^= 0x10;
            let result = decode_commit(Position(1), Revision(900), &damaged.into());
            assert_eq!(result, Err(CommitCodecError::Checksum), "byte {byte}");
        }
    }

    #[test]
    fn any_cut_is_noticed() {
        let stored = encode_commit(&sample());
        for len in 0..stored.len() {
            assert!(decode_metas(Revision(900), &stored[..len], |_, _, _| {}).is_err());
        }
    }

    #[test]
    fn a_life_that_begins_before_the_first_revision_is_refused() {
        let commit = sample();
        let stored = encode_commit(&commit);
        // The life of the first key began 893 revisions before its version.
        assert_eq!(decode_commit(commit.position, Revision(892), &stored), Err(CommitCodecError::Malformed));
        assert!(decode_commit(commit.position, Revision(893), &stored).is_ok());
        assert_eq!(decode_commit(commit.position, Revision(i64::MIN), &stored), Err(CommitCodecError::Malformed));
    }
}
