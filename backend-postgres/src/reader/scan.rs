//! The log in order: the merge of both tables by position.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use storage_core::backend::{ScanFrom, ScanLimits};
use storage_core::commit::{Commit, decode_commit};
use storage_core::{Position, Revision};

use crate::failure::Result;

/// The size of rows before each one keeps the database from sending what would be thrown away. A statement sees one picture of
/// both tables.
macro_rules! limited {
    ($log:literal) => {
        concat!(
            "SELECT position, revision, data FROM (SELECT *, sum(length(data)) OVER ",
            "(ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (",
            $log,
            ") AS log) AS log WHERE before IS NULL OR before < $3 ORDER BY position LIMIT $2"
        )
    };
}
const AFTER: &str = limited!(
    "(SELECT position, revision, data FROM auroch.commits
      WHERE revision >= (SELECT auroch.first_behind($1)) ORDER BY revision LIMIT $2)
     UNION ALL
     (SELECT position, revision, data FROM auroch.control_log WHERE position > $1 ORDER BY position LIMIT $2)"
);
const FROM_REVISION: &str =
    limited!("SELECT position, revision, data FROM auroch.commits WHERE revision >= $1 ORDER BY revision LIMIT $2");

/// Whole commits from `from` on.
pub(crate) async fn scan(connection: &mut PgConnection, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>> {
    let most = |limit: usize| i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let (sql, start) = match from {
        ScanFrom::After(position) => (AFTER, position.0.cast_signed()),
        ScanFrom::Revision(revision) => (FROM_REVISION, revision.0),
    };
    let mut rows =
        sqlx::query_as(sql).bind(start).bind(most(limits.commits)).bind(most(limits.bytes)).fetch(connection);
    let (mut commits, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        let (position, revision, data): (i64, i64, Vec<u8>) = row;
        let commit = decode_commit(Position(position.cast_unsigned()), Revision(revision), &data.into())?;
        bytes += commit.weight_bytes();
        commits.push(commit);
        if bytes >= limits.bytes {
            break;
        }
    }
    Ok(commits)
}
