//! The log in order: the merge of both tables by position.

use futures_util::TryStreamExt as _;
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::QueryAs;
use storage_core::backend::{Bounds, ScanFrom, ScanLimits};
use storage_core::commit::{Commit, decode_commit};
use storage_core::{Position, Revision};

use crate::failure::Result;
use crate::shared::Shared;

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
    "(SELECT position, revision, data FROM auroch.commits WHERE revision > $1 ORDER BY revision LIMIT $2)
     UNION ALL
     (SELECT position, revision, data FROM auroch.control_log WHERE position > $4 ORDER BY position LIMIT $2)"
);
const FROM_REVISION: &str =
    limited!("SELECT position, revision, data FROM auroch.commits WHERE revision >= $1 ORDER BY revision LIMIT $2");
const REVISION_AT: &str = "SELECT auroch.first_behind($1) - 1";

/// Whole commits from `from` on.
pub(crate) async fn scan(
    connection: &mut PgConnection,
    from: ScanFrom,
    limits: ScanLimits,
    shared: &Shared,
) -> Result<Vec<Commit>> {
    match from {
        ScanFrom::After(position) => {
            let known = shared.has_come();
            let revision = if known.position == position {
                known.revision.0
            } else {
                sqlx::query_scalar(REVISION_AT).bind(position.0.cast_signed()).fetch_one(&mut *connection).await?
            };
            let commits =
                read(connection, query(AFTER, revision, limits).bind(position.0.cast_signed()), limits).await?;
            if let Some(last) = commits.last() {
                shared.has_come_to(Bounds { position: last.position, revision: last.revision });
            }
            Ok(commits)
        }
        ScanFrom::Revision(revision) => read(connection, query(FROM_REVISION, revision.0, limits), limits).await,
    }
}

type Row = (i64, i64, Vec<u8>);
type Query = QueryAs<'static, Postgres, Row, PgArguments>;

fn query(sql: &'static str, revision: i64, limits: ScanLimits) -> Query {
    sqlx::query_as(sql).bind(revision).bind(most(limits.commits)).bind(most(limits.bytes))
}

/// A limit as PostgreSQL counts: at least one.
pub(crate) fn most(limit: usize) -> i64 {
    i64::try_from(limit.max(1)).unwrap_or(i64::MAX)
}

async fn read(connection: &mut PgConnection, query: Query, limits: ScanLimits) -> Result<Vec<Commit>> {
    let mut rows = query.fetch(connection);
    let (mut commits, mut bytes) = (Vec::new(), 0);
    while let Some((position, revision, data)) = rows.try_next().await? {
        let commit = decode_commit(Position(position.cast_unsigned()), Revision(revision), &data.into())?;
        bytes += commit.weight_bytes();
        commits.push(commit);
        if bytes >= limits.bytes {
            break;
        }
    }
    Ok(commits)
}
