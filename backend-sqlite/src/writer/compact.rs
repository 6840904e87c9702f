//! Removing dead versions from rows.

use bytes::Bytes;
use rusqlite::Connection;
use storage_core::backend::CompactStep;
use storage_core::commit::{decode_commit, decode_metas, encode_commit};
use storage_core::{Position, Revision, VersionId};

use crate::failure::Result;

/// Control-only commits forgotten in one step, so that a step stays short.
const TRIM_ROWS: i64 = 2000;

const SELECT: &str = "SELECT data FROM commits WHERE revision = ?1";
const DELETE: &str = "DELETE FROM commits WHERE revision = ?1";
const UPDATE: &str = "UPDATE commits SET data = ?2 WHERE revision = ?1";
const TRIM: &str = "DELETE FROM control_log WHERE position IN (
    SELECT position FROM control_log
    WHERE position < (SELECT position FROM commits WHERE revision <= ?1 ORDER BY revision DESC LIMIT 1)
    ORDER BY position LIMIT ?2)";

/// Removes the versions of `step`. The row at revision `last` stays even if nothing is left in it: it says where the
/// log ends.
pub(super) fn remove(connection: &Connection, step: &CompactStep, last: Revision) -> Result<()> {
    for dead in step.dead.chunk_by(|a, b| a.revision == b.revision) {
        remove_from(connection, dead, last)?;
    }
    connection.prepare_cached(TRIM)?.execute((step.through.0, TRIM_ROWS))?;
    Ok(())
}

/// Removes `dead`, all of one revision, from its row.
fn remove_from(connection: &Connection, dead: &[VersionId], last: Revision) -> Result<()> {
    let revision = dead[0].revision;
    let (mut all, mut left) = (0, 0);
    let rest = {
        let mut statement = connection.prepare_cached(SELECT)?;
        let mut rows = statement.query([revision.0])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let stored = row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?;
        decode_metas(revision, stored, |_, meta, _| {
            all += 1;
            left += usize::from(!dead.contains(&meta.id));
        })?;
        (left > 0 || revision == last).then(|| Bytes::copy_from_slice(stored))
    };
    match rest {
        _ if left == all => {}
        None => drop(connection.prepare_cached(DELETE)?.execute([revision.0])?),
        Some(stored) => {
            // The stored form does not hold the position, so any will do.
            let mut commit = decode_commit(Position(0), revision, &stored)?;
            commit.mutations.retain(|mutation| !dead.contains(&mutation.meta.id));
            connection.prepare_cached(UPDATE)?.execute((revision.0, &encode_commit(&commit)[..]))?;
        }
    }
    Ok(())
}
