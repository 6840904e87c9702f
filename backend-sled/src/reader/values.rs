//! Values by version.

use bytes::Bytes;
use sled::Tree;
use storage_core::VersionId;
use storage_core::backend::Bounds;
use storage_core::commit::decode_metas;

use crate::failure::Result;
use crate::record;
use crate::schema::{self, Kind, OTHER_BYTES};

/// The values of `ids` in the order asked. Versions behind `end` are not there yet.
pub(super) fn values(tree: &Tree, ids: &[VersionId], end: Bounds) -> Result<Vec<Option<Bytes>>> {
    let mut found = vec![None; ids.len()];
    let mut order: Vec<usize> = (0..ids.len()).filter(|&i| ids[i].revision <= end.revision).collect();
    // One look at each commit, whoever asks for how much of it.
    order.sort_by_key(|&i| ids[i]);
    for same in order.chunk_by(|&a, &b| ids[a].revision == ids[b].revision) {
        let revision = ids[same[0]].revision;
        let record = Kind::Keys.record(schema::of_revision(revision));
        let Some(stored) = record::get(tree, &record)? else { continue };
        let mut next = 0;
        decode_metas(revision, stored.get(OTHER_BYTES..).unwrap_or_default(), |_, meta, value| {
            while same.get(next).is_some_and(|&i| ids[i].sub < meta.id.sub) {
                next += 1;
            }
            while same.get(next).is_some_and(|&i| ids[i] == meta.id) {
                found[same[next]] = Some(Bytes::copy_from_slice(value));
                next += 1;
            }
        })?;
    }
    Ok(found)
}
