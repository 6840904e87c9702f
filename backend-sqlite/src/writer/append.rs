//! The rows of a group.

use rusqlite::Connection;
use storage_core::commit::{Commit, ControlChange, encode_commit};

use crate::failure::Result;

const INSERT_COMMIT: &str = "INSERT INTO commits (revision, position, data) VALUES (?1, ?2, ?3)";
const INSERT_CONTROL_COMMIT: &str = "INSERT INTO control_log (position, revision, data) VALUES (?1, ?2, ?3)";
const PUT_CONTROL: &str =
    "INSERT INTO control (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const DELETE_CONTROL: &str = "DELETE FROM control WHERE key = ?1";

/// Answers how many bytes the commits are.
pub(super) fn insert(connection: &Connection, group: &[Commit]) -> Result<u64> {
    let mut bytes = 0;
    let mut statement = connection.prepare_cached(INSERT_COMMIT)?;
    for commit in group {
        let position = commit.position.0.cast_signed();
        let data = encode_commit(commit);
        bytes += data.len() as u64;
        if commit.mutations.is_empty() {
            let mut statement = connection.prepare_cached(INSERT_CONTROL_COMMIT)?;
            statement.execute((position, commit.revision.0, &data[..]))?;
        } else {
            statement.execute((commit.revision.0, position, &data[..]))?;
        }
        for change in &commit.controls {
            apply(connection, change)?;
        }
    }
    Ok(bytes)
}

fn apply(connection: &Connection, change: &ControlChange) -> Result<()> {
    match &change.value {
        Some(value) => connection.prepare_cached(PUT_CONTROL)?.execute((&change.key[..], &value[..]))?,
        None => connection.prepare_cached(DELETE_CONTROL)?.execute([&change.key[..]])?,
    };
    Ok(())
}
