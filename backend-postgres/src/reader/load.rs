//! What the engine keeps in memory, streamed at start.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use storage_core::Revision;
use storage_core::backend::{Bounds, LoadBatch};
use storage_core::commit::decode_metas;
use tokio::sync::mpsc;

use super::bounds;
use crate::failure::{Failure, Result};

/// One picture of all tables, however long the reading takes.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const NO_LIMIT: &str = "SET LOCAL statement_timeout = 0";
const COMMITS: &str = "SELECT revision, data FROM auroch.commits ORDER BY revision";
const CONTROLS: &str = "SELECT key, value FROM auroch.control";
/// Entries sent at once.
const BATCH: usize = 4096;

/// Streams every version and control record of one snapshot; answers where the log ends in it.
pub(crate) async fn load(connection: &mut PgConnection, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    sqlx::raw_sql(NO_LIMIT).execute(&mut *transaction).await?;
    versions(&mut transaction, &sink).await?;
    controls(&mut transaction, &sink).await?;
    let end = bounds(&mut transaction).await?;
    transaction.commit().await?;
    Ok(end)
}

async fn versions(connection: &mut PgConnection, sink: &mpsc::Sender<LoadBatch>) -> Result<()> {
    let mut rows = sqlx::query_as(COMMITS).fetch(connection);
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(row) = rows.try_next().await? {
        let (revision, stored): (i64, Vec<u8>) = row;
        decode_metas(Revision(revision), &stored, |key, meta, _| batch.push((key.into(), meta)))?;
        if batch.len() >= BATCH {
            send(sink, LoadBatch::Versions(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))).await?;
        }
    }
    send(sink, LoadBatch::Versions(batch)).await
}

async fn controls(connection: &mut PgConnection, sink: &mpsc::Sender<LoadBatch>) -> Result<()> {
    let mut rows = sqlx::query_as(CONTROLS).fetch(connection);
    let mut batch = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let (key, value): (Vec<u8>, Vec<u8>) = row;
        batch.push((Bytes::from(key), Bytes::from(value)));
        if batch.len() >= BATCH {
            send(sink, LoadBatch::Controls(std::mem::take(&mut batch))).await?;
        }
    }
    send(sink, LoadBatch::Controls(batch)).await
}

async fn send(sink: &mpsc::Sender<LoadBatch>, batch: LoadBatch) -> Result<()> {
    sink.send(batch).await.map_err(|_| Failure::GaveUp)
}
