//! Reads: each from its own snapshot, never waiting for the writer.

mod load;
pub(crate) mod scan;
mod values;

use backend_embedded::{Query, Queue};
use rusqlite::Connection;

pub(crate) use self::load::{bounds, load};
use crate::failure::{Failure, Result};

/// The body of a reader thread.
pub(crate) fn run(connection: &Connection, queries: &Queue<Query>) {
    queries.answer(
        |ids| values::values(connection, ids).map_err(Failure::of_read),
        |from, limits| in_snapshot(connection, |c| scan::scan(c, from, limits)).map_err(Failure::of_read),
    );
}

/// Lets several statements see one state of the log.
fn in_snapshot<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let result = work(connection);
    // An error may have ended it already; a snapshot that stayed open would hold up checkpoints.
    if !connection.is_autocommit() {
        connection.prepare_cached("COMMIT")?.execute([])?;
    }
    result
}
