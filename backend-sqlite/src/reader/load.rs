//! What the engine keeps in memory, streamed at start.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _};
use storage_core::backend::{Bounds, LoadBatch};
use storage_core::commit::decode_metas;
use storage_core::{Position, Revision};
use tokio::sync::mpsc;

use super::in_snapshot;
use crate::failure::{Failure, Result};

const COMMITS: &str = "SELECT revision, data FROM commits ORDER BY revision";
const CONTROLS: &str = "SELECT key, value FROM control";
const LAST_COMMIT: &str = "SELECT position, revision FROM commits ORDER BY revision DESC LIMIT 1";
const LAST_CONTROL_COMMIT: &str = "SELECT position, revision FROM control_log ORDER BY position DESC LIMIT 1";
/// Entries sent at once.
const BATCH: usize = 4096;

/// Streams every version and control record of one snapshot; answers where the log ends in it.
pub(crate) fn load(connection: &Connection, sink: &mpsc::Sender<LoadBatch>) -> Result<Bounds> {
    in_snapshot(connection, |c| {
        versions(c, sink)?;
        controls(c, sink)?;
        bounds(c)
    })
}

fn versions(connection: &Connection, sink: &mpsc::Sender<LoadBatch>) -> Result<()> {
    let mut statement = connection.prepare(COMMITS)?;
    let mut rows = statement.query([])?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(row) = rows.next()? {
        let stored = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        decode_metas(Revision(row.get(0)?), stored, |key, meta, _| batch.push((key.into(), meta)))?;
        if batch.len() >= BATCH {
            send(sink, LoadBatch::Versions(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))))?;
        }
    }
    send(sink, LoadBatch::Versions(batch))
}

fn controls(connection: &Connection, sink: &mpsc::Sender<LoadBatch>) -> Result<()> {
    let mut statement = connection.prepare(CONTROLS)?;
    let mut rows = statement.query([])?;
    let mut batch = Vec::new();
    while let Some(row) = rows.next()? {
        batch.push((Bytes::from(row.get::<_, Vec<u8>>(0)?), Bytes::from(row.get::<_, Vec<u8>>(1)?)));
        if batch.len() >= BATCH {
            send(sink, LoadBatch::Controls(std::mem::take(&mut batch)))?;
        }
    }
    send(sink, LoadBatch::Controls(batch))
}

fn send(sink: &mpsc::Sender<LoadBatch>, batch: LoadBatch) -> Result<()> {
    sink.blocking_send(batch).map_err(|_| Failure::GaveUp)
}

/// Where the log ends: the last row of either table.
pub(crate) fn bounds(connection: &Connection) -> Result<Bounds> {
    let mut end = Bounds::default();
    for sql in [LAST_COMMIT, LAST_CONTROL_COMMIT] {
        let last = connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        if let Some((position, revision)) = last {
            end.position = end.position.max(Position(position.cast_unsigned()));
            end.revision = end.revision.max(Revision(revision));
        }
    }
    Ok(end)
}
