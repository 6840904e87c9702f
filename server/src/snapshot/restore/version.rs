//! One version of a key as etcd stores it.

use bytes::Bytes;
use prost::Message as _;
use proto::mvccpb::KeyValue;
use storage_core::commit::Mutation;
use storage_core::{Key, LeaseId, Revision, Sub, VersionId, VersionMeta, wire};

use super::error::Refused;
use super::mark_of;

/// A version that the engine can keep so that etcd would store it again byte for byte.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) mutation: Mutation,
}

const NAME_BYTES: usize = 17;
/// A fresh store is at 1; above the end, counting on could overflow.
const MAIN_RANGE: std::ops::RangeInclusive<i64> = 2..=1 << 62;
const MALFORMED: Refused = Refused("a version is not as etcd writes it");

impl Version {
    pub(super) fn decode(name: &[u8], stored: &Bytes) -> Result<Self, Refused> {
        let (id, tombstone) = decode_name(name)?;
        let mutation = if tombstone {
            let kv = KeyValue::decode(stored.clone()).map_err(|_| MALFORMED)?;
            Mutation { key: Key::from(&kv.key[..]), meta: VersionMeta::tombstone(id), value: Bytes::new() }
        } else if stored.is_empty() {
            mark_of(id.revision)
        } else {
            put(id, KeyValue::decode(stored.clone()).map_err(|_| MALFORMED)?)?
        };
        let version = Self { mutation };
        let is_keyless = version.mutation.key.is_empty() && !stored.is_empty();
        if is_keyless || version.name() != name || version.stored() != stored[..] {
            return Err(MALFORMED);
        }
        Ok(version)
    }

    pub(super) fn name(&self) -> Vec<u8> {
        let mut name = Vec::with_capacity(NAME_BYTES + 1);
        wire::put_stored_name(&mut name, &self.mutation.meta);
        name
    }

    fn stored(&self) -> Vec<u8> {
        let mut stored = Vec::new();
        wire::put_stored_value(&mut stored, &self.mutation);
        stored
    }
}

fn put(id: VersionId, kv: KeyValue) -> Result<Mutation, Refused> {
    let main = id.revision.0;
    let lived = main.checked_sub(kv.create_revision).filter(|_| kv.create_revision > 0);
    let fits =
        kv.mod_revision == main && lived.is_some_and(|lived| lived >= 0 && (1..=lived + 1).contains(&kv.version));
    if !fits || u32::try_from(kv.value.len()).is_err() {
        return Err(Refused("a version's revisions contradict each other"));
    }
    let (create, lease) = (Revision(kv.create_revision), LeaseId(kv.lease));
    let meta = VersionMeta::put(id, create, kv.version, lease, kv.value.len());
    Ok(Mutation { key: Key::from(&kv.key[..]), meta, value: kv.value })
}

/// Main revision, `_`, sub-revision, and `t` for a tombstone.
fn decode_name(name: &[u8]) -> Result<(VersionId, bool), Refused> {
    let (numbers, tombstone) = match name {
        [numbers @ .., b't'] if name.len() == NAME_BYTES + 1 => (numbers, true),
        _ => (name, false),
    };
    let id = || {
        let main = i64::from_be_bytes(*numbers.first_chunk()?);
        let sub = i64::from_be_bytes(*numbers.last_chunk()?);
        let is_name = numbers.len() == NAME_BYTES && numbers[8] == b'_' && MAIN_RANGE.contains(&main);
        Some(VersionId { revision: Revision(main), sub: Sub(u32::try_from(sub).ok()?) }).filter(|_| is_name)
    };
    id().map(|id| (id, tombstone)).ok_or(Refused("a revision's name is not as etcd writes it"))
}

/// The main revision of a name that etcd keeps as a value.
pub(super) fn decode_revision(name: &[u8]) -> Result<Revision, Refused> {
    match name.first_chunk() {
        Some(main) if name.len() == NAME_BYTES && i64::from_be_bytes(*main) <= *MAIN_RANGE.end() => {
            Ok(Revision(i64::from_be_bytes(*main)))
        }
        _ => Err(Refused("a revision's name is not as etcd writes it")),
    }
}
