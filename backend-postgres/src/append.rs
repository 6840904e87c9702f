//! A group as one statement.

use std::collections::BTreeMap;

use bytes::Bytes;
use sqlx::postgres::PgConnection;
use storage_core::Position;
use storage_core::commit::{Commit, encode_commit};

use crate::failure::Result;

/// The channel of notifications.
pub(crate) const CHANNEL: &str = "auroch";

/// The head's row lock orders all who append. Who waited for it sees where the other moved the head, and then nothing is written:
/// everything rests on `moved`. One statement is one transaction, so the answer is the commit's. A turn becomes the transaction's,
/// and so ends when the commit is visible, without another round trip: whoever has the next one finds it. Its lock is "turns" as
/// a number.
const APPEND: &str = "
WITH moved AS (
    UPDATE auroch.head SET position = $2, revision = $3 WHERE position = $1 RETURNING true
), commits AS (
    INSERT INTO auroch.commits (revision, position, data)
    SELECT * FROM UNNEST($4::bigint[], $5::bigint[], $6::bytea[]) WHERE EXISTS (SELECT FROM moved)
), control_log AS (
    INSERT INTO auroch.control_log (position, revision, data)
    SELECT * FROM UNNEST($7::bigint[], $8::bigint[], $9::bytea[]) WHERE EXISTS (SELECT FROM moved)
), put AS (
    INSERT INTO auroch.control (key, value)
    SELECT * FROM UNNEST($10::bytea[], $11::bytea[]) WHERE EXISTS (SELECT FROM moved)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
), removed AS (
    DELETE FROM auroch.control WHERE key = ANY($12::bytea[]) AND EXISTS (SELECT FROM moved)
), told AS (
    SELECT pg_notify('auroch', $2::text) FROM moved WHERE $14
)
SELECT EXISTS (SELECT FROM moved) AND (SELECT count(*) FROM told) = $14::boolean::int,
    CASE WHEN $13 THEN CASE WHEN pg_try_advisory_xact_lock(x'7475726e73'::bigint)
    THEN pg_advisory_unlock(x'7475726e73'::bigint) END END";

/// What an append does beside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// It ends the turn of the connection, whether anything is written or not.
    pub(crate) ends_turn: bool,
    /// It tells others of itself.
    pub(crate) tells: bool,
}

/// Appends all of `group` behind `expected`, or answers false and has written nothing.
pub(crate) async fn append(
    connection: &mut PgConnection,
    expected: Position,
    group: &[Commit],
    Manner { ends_turn, tells }: Manner,
) -> Result<bool> {
    let rows = Rows::of(group);
    let last = group.last().expect("a group is not empty");
    let appended = sqlx::query_as(APPEND)
        .bind(expected.0.cast_signed())
        .bind(last.position.0.cast_signed())
        .bind(last.revision.0)
        .bind(rows.commits.revisions)
        .bind(rows.commits.positions)
        .bind(rows.commits.data)
        .bind(rows.control_log.positions)
        .bind(rows.control_log.revisions)
        .bind(rows.control_log.data)
        .bind(rows.put_keys)
        .bind(rows.put_values)
        .bind(rows.removed)
        .bind(ends_turn)
        .bind(tells);
    let (moved, _): (bool, Option<bool>) = appended.fetch_one(connection).await?;
    Ok(moved)
}

/// The rows of a group, column by column.
#[derive(Default)]
struct Rows {
    commits: Log,
    control_log: Log,
    put_keys: Vec<Vec<u8>>,
    put_values: Vec<Vec<u8>>,
    removed: Vec<Vec<u8>>,
}

/// Rows of one of the two tables of commits.
#[derive(Default)]
struct Log {
    revisions: Vec<i64>,
    positions: Vec<i64>,
    data: Vec<Vec<u8>>,
}

impl Rows {
    fn of(group: &[Commit]) -> Self {
        let mut rows = Self::default();
        // A statement changes a row once, and the last change counts.
        let mut controls = BTreeMap::<&Bytes, Option<&Bytes>>::new();
        for commit in group {
            let log = if commit.mutations.is_empty() { &mut rows.control_log } else { &mut rows.commits };
            log.push(commit);
            controls.extend(commit.controls.iter().map(|change| (&change.key, change.value.as_ref())));
        }
        for (key, value) in controls {
            match value {
                Some(value) => {
                    rows.put_keys.push(key.to_vec());
                    rows.put_values.push(value.to_vec());
                }
                None => rows.removed.push(key.to_vec()),
            }
        }
        rows
    }
}

impl Log {
    fn push(&mut self, commit: &Commit) {
        self.revisions.push(commit.revision.0);
        self.positions.push(commit.position.0.cast_signed());
        self.data.push(encode_commit(commit).into());
    }
}

/// About how many bytes a group takes.
pub(crate) fn bytes(group: &[Commit]) -> i64 {
    const PER_ROW: usize = 64;
    let bytes: usize = group.iter().map(|commit| commit.weight_bytes() + PER_ROW).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
