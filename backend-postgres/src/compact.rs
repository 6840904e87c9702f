//! Removing dead versions from rows.

use bytes::Bytes;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use storage_core::backend::CompactStep;
use storage_core::commit::{decode_commit, encode_commit};
use storage_core::{Position, Revision, VersionId};

use crate::failure::Result;

/// Control-only commits forgotten in one step, so that a step stays short.
const TRIM_ROWS: i64 = 2000;

/// In order, so that two servers that compact at once wait for each other and do not deadlock.
const SELECT: &str = "SELECT revision, data FROM auroch.commits WHERE revision = ANY($1) ORDER BY revision FOR UPDATE";
const DELETE: &str = "DELETE FROM auroch.commits WHERE revision = ANY($1)";
const UPDATE: &str = "
UPDATE auroch.commits SET data = new.data FROM UNNEST($1::bigint[], $2::bytea[]) AS new (revision, data)
WHERE commits.revision = new.revision";
const TRIM: &str = "
DELETE FROM auroch.control_log WHERE position IN (
    SELECT position FROM auroch.control_log
    WHERE position < (SELECT position FROM auroch.commits WHERE revision <= $1 ORDER BY revision DESC LIMIT 1)
    ORDER BY position LIMIT $2
    FOR UPDATE SKIP LOCKED)";

/// Removes the versions of `step`. Answers about how many bytes that were.
pub(crate) async fn remove(connection: &mut PgConnection, step: &CompactStep) -> Result<i64> {
    let mut transaction = connection.begin().await?;
    let mut revisions: Vec<i64> = step.dead.iter().map(|id| id.revision.0).collect();
    revisions.dedup();
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(SELECT).bind(&revisions).fetch_all(&mut *transaction).await?;
    let change = Change::of(rows, &step.dead)?;
    if !change.deleted.is_empty() {
        sqlx::query(DELETE).bind(&change.deleted).execute(&mut *transaction).await?;
    }
    if !change.updated.is_empty() {
        sqlx::query(UPDATE).bind(&change.updated).bind(&change.data).execute(&mut *transaction).await?;
    }
    sqlx::query(TRIM).bind(step.through.0).bind(TRIM_ROWS).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(change.freed)
}

/// What becomes of the rows.
#[derive(Default)]
struct Change {
    deleted: Vec<i64>,
    updated: Vec<i64>,
    data: Vec<Vec<u8>>,
    freed: i64,
}

impl Change {
    fn of(rows: Vec<(i64, Vec<u8>)>, dead: &[VersionId]) -> Result<Self> {
        let mut change = Self::default();
        for (revision, stored) in rows {
            let before = stored.len();
            // The stored form does not hold the position, so any will do.
            let mut commit = decode_commit(Position(0), Revision(revision), &Bytes::from(stored))?;
            let all = commit.mutations.len();
            commit.mutations.retain(|mutation| dead.binary_search(&mutation.meta.id).is_err());
            let left = commit.mutations.len();
            let mut after = 0;
            if left == 0 {
                change.deleted.push(revision);
            } else if left < all {
                let data = encode_commit(&commit);
                after = data.len();
                change.updated.push(revision);
                change.data.push(data.into());
            } else {
                after = before;
            }
            change.freed += i64::try_from(before - after).unwrap_or(0);
        }
        Ok(change)
    }
}

/// Has PostgreSQL take stock of free space at once. It works in the background of everything else.
pub(crate) async fn vacuum(connection: &mut PgConnection) -> Result<()> {
    for sql in ["SET statement_timeout = 0", "VACUUM auroch.commits", "VACUUM auroch.control_log"] {
        sqlx::raw_sql(sql).execute(&mut *connection).await?;
    }
    sqlx::raw_sql("RESET statement_timeout").execute(connection).await?;
    Ok(())
}
