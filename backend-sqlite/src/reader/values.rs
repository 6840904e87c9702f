//! Values by version.

use bytes::Bytes;
use rusqlite::Connection;
use storage_core::commit::decode_metas;
use storage_core::{Revision, VersionId};

use super::in_snapshot;
use crate::failure::Result;

const FROM: &str = "SELECT revision, data FROM commits WHERE revision >= ?1 ORDER BY revision";
/// Stepping over so many rows that nobody asked for costs about as much as finding the next one anew.
const STEPS: u32 = 4;

/// The values of `ids` in the order asked.
pub(super) fn values(connection: &Connection, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>> {
    let mut found = vec![None; ids.len()];
    match ids {
        [] => {}
        [_] => collect(connection, ids, |i, value| found[i] = Some(value))?,
        _ if ids.is_sorted() => {
            in_snapshot(connection, |c| collect(c, ids, |i, value| found[i] = Some(value)))?;
        }
        _ => {
            let mut order: Vec<usize> = (0..ids.len()).collect();
            order.sort_unstable_by_key(|&i| ids[i]);
            let sorted: Vec<_> = order.iter().map(|&i| ids[i]).collect();
            in_snapshot(connection, |c| collect(c, &sorted, |i, value| found[order[i]] = Some(value)))?;
        }
    }
    Ok(found)
}

/// Gives `put` the value of each of the sorted `ids` that is there, with its place among them.
fn collect(connection: &Connection, ids: &[VersionId], mut put: impl FnMut(usize, Bytes)) -> Result<()> {
    let mut statement = connection.prepare_cached(FROM)?;
    let mut next = 0;
    while next < ids.len() {
        let mut rows = statement.query([ids[next].revision.0])?;
        let mut steps = 0;
        // One seek serves the rows behind it too, while they are near.
        while steps <= STEPS && next < ids.len() {
            let Some(row) = rows.next()? else { return Ok(()) };
            let revision = Revision(row.get(0)?);
            // Compacted away.
            while next < ids.len() && ids[next].revision < revision {
                next += 1;
            }
            let same = ids[next..].partition_point(|id| id.revision == revision);
            if same == 0 {
                steps += 1;
                continue;
            }
            let stored = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            pick(revision, stored, &ids[next..next + same], |i, value| put(next + i, value))?;
            next += same;
            steps = 0;
        }
    }
    Ok(())
}

/// The values of `wanted`, sorted and all of one revision, from its row.
fn pick(revision: Revision, stored: &[u8], wanted: &[VersionId], mut put: impl FnMut(usize, Bytes)) -> Result<()> {
    let mut next = 0;
    decode_metas(revision, stored, |_, meta, value| {
        while wanted.get(next).is_some_and(|id| id.sub < meta.id.sub) {
            next += 1;
        }
        while wanted.get(next) == Some(&meta.id) {
            put(next, Bytes::copy_from_slice(value));
            next += 1;
        }
    })?;
    Ok(())
}
