//! The log in order: the merge of both tables by position.

use backend_embedded::Room;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Row, Rows};
use storage_core::backend::{ScanFrom, ScanLimits};
use storage_core::commit::{Commit, decode_commit};
use storage_core::{Position, Revision};

use crate::failure::Result;

const COMMITS: &str = "SELECT position, revision, data FROM commits WHERE revision >= ?1 ORDER BY revision";
const CONTROL_COMMITS: &str = "SELECT position, revision, data FROM control_log WHERE position > ?1 ORDER BY position";
const LAST: &str = "SELECT revision FROM commits ORDER BY revision DESC LIMIT 1";
const FIRST_FROM: &str = "SELECT revision, position FROM commits WHERE revision >= ?1 ORDER BY revision LIMIT 1";

/// Whole commits from `from` on. Rows behind the limit are not read.
pub(crate) fn scan(connection: &Connection, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>> {
    let mut room = Room::new(limits);
    let mut commits = connection.prepare_cached(COMMITS)?;
    match from {
        ScanFrom::Revision(revision) => {
            let mut rows = commits.query([revision.0])?;
            while !room.is_full() {
                let Some(row) = rows.next()? else { break };
                room.push(decode(row)?);
            }
        }
        ScanFrom::After(position) => {
            let mut control_commits = connection.prepare_cached(CONTROL_COMMITS)?;
            let first = first_after(connection, position)?;
            let rows = commits.query([first.0])?;
            merge(rows, control_commits.query([position.0.cast_signed()])?, &mut room)?;
        }
    }
    Ok(room.into_commits())
}

/// Takes the rows of both in order of position.
fn merge(mut commits: Rows<'_>, mut control_commits: Rows<'_>, room: &mut Room) -> Result<()> {
    let mut a = commits.next()?;
    let mut b = control_commits.next()?;
    loop {
        let (row, rest) = match (a, b) {
            (None, None) => return Ok(()),
            (Some(row), None) => (row, Table::Commits),
            (Some(row), Some(other)) if position(row)? < position(other)? => (row, Table::Commits),
            (_, Some(row)) => (row, Table::ControlLog),
        };
        room.push(decode(row)?);
        // SQLite reads a row's data when it comes to it, so not one row too many.
        if room.is_full() {
            return Ok(());
        }
        match rest {
            Table::Commits => a = commits.next()?,
            Table::ControlLog => b = control_commits.next()?,
        }
    }
}

enum Table {
    Commits,
    ControlLog,
}

/// The lowest revision whose commit is behind `after`. Positions ascend with revisions, so it is a binary search by row id; ids
/// of rows that were compacted or never there are passed over.
fn first_after(connection: &Connection, after: Position) -> Result<Revision> {
    let last: Option<i64> = connection.prepare_cached(LAST)?.query_row([], |row| row.get(0)).optional()?;
    let Some(last) = last else { return Ok(Revision(0)) };
    let mut statement = connection.prepare_cached(FIRST_FROM)?;
    let (mut low, mut high) = (0, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let row = statement.query_row([middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()?;
        match row {
            Some((revision, position)) if position <= after.0.cast_signed() => low = revision + 1,
            _ => high = middle,
        }
    }
    Ok(Revision(low))
}

fn position(row: &Row<'_>) -> Result<i64> {
    Ok(row.get(0)?)
}

fn decode(row: &Row<'_>) -> Result<Commit> {
    let revision = Revision(row.get(1)?);
    let stored = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
    Ok(decode_commit(Position(position(row)?.cast_unsigned()), revision, &Bytes::copy_from_slice(stored))?)
}
