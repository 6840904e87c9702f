//! Reads: each from its own snapshot, never waiting for the writer.

mod load;
pub(crate) mod scan;
mod values;

use bytes::Bytes;
use rusqlite::Connection;
use storage_core::VersionId;
use storage_core::backend::{BackendError, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use tokio::sync::oneshot;

pub(crate) use self::load::{bounds, load};
use crate::failure::{Failure, Result};
use crate::queue::Queue;

pub(crate) type Reply<T> = oneshot::Sender<std::result::Result<T, BackendError>>;

/// What a reader can be asked for.
#[derive(Debug)]
pub(crate) enum Query {
    Values { ids: Vec<VersionId>, reply: Reply<Vec<Option<Bytes>>> },
    Scan { from: ScanFrom, limits: ScanLimits, reply: Reply<Vec<Commit>> },
}

/// The body of a reader thread.
pub(crate) fn run(connection: &Connection, queue: &Queue<Query>) {
    while let Some(query) = queue.pop() {
        match query {
            Query::Values { ids, reply } if !reply.is_closed() => {
                drop(reply.send(values::values(connection, &ids).map_err(Failure::of_read)));
            }
            Query::Scan { from, limits, reply } if !reply.is_closed() => {
                let found = in_snapshot(connection, |c| scan::scan(c, from, limits));
                drop(reply.send(found.map_err(Failure::of_read)));
            }
            // Nobody waits for it any more.
            Query::Values { .. } | Query::Scan { .. } => {}
        }
    }
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
