//! Values by version.

use bytes::Bytes;
use rusqlite::Connection;
use storage_core::commit::decode_metas;
use storage_core::{Revision, VersionId};

use super::in_snapshot;
use crate::failure::Result;

/// SQLite copies a row's value when it comes to the row, so it must not come to rows that nobody asked for.
const RANGE: &str = "SELECT revision, data FROM commits WHERE revision BETWEEN ?1 AND ?2 ORDER BY revision";

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

/// Gives `put` the value of each of the sorted `ids` that is there, with its place among them. Revisions without a gap
/// between them are one search.
fn collect(connection: &Connection, ids: &[VersionId], mut put: impl FnMut(usize, Bytes)) -> Result<()> {
    let mut statement = connection.prepare_cached(RANGE)?;
    let mut next = 0;
    for run in ids.chunk_by(|a, b| b.revision.0 - a.revision.0 <= 1) {
        let end = next + run.len();
        let mut rows = statement.query((run[0].revision.0, run[run.len() - 1].revision.0))?;
        while let Some(row) = rows.next()? {
            let revision = Revision(row.get(0)?);
            next += ids[next..end].partition_point(|id| id.revision < revision);
            let same = ids[next..end].partition_point(|id| id.revision == revision);
            let stored = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            pick(revision, stored, &ids[next..next + same], |i, value| put(next + i, value))?;
            next += same;
        }
        next = end;
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
