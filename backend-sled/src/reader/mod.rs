//! Reads, which never wait for a flush.

pub(crate) mod load;
pub(crate) mod scan;
mod values;

use bytes::Bytes;
use sled::Tree;
use storage_core::VersionId;
use storage_core::backend::{BackendError, Bounds, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use tokio::sync::oneshot;

pub(crate) use self::load::{bounds, load};
use crate::failure::{Failure, Result, guarded};
use crate::queue::Queue;
use crate::shared::Shared;

pub(crate) type Reply<T> = oneshot::Sender<std::result::Result<T, BackendError>>;

/// What a reader can be asked for.
#[derive(Debug)]
pub(crate) enum Query {
    Values { ids: Vec<VersionId>, reply: Reply<Vec<Option<Bytes>>> },
    Scan { from: ScanFrom, limits: ScanLimits, reply: Reply<Vec<Commit>> },
}

/// The body of a reader thread.
pub(crate) fn run(shared: &Shared, queue: &Queue<Query>) {
    while let Some(query) = queue.pop() {
        match query {
            Query::Values { ids, reply } if !reply.is_closed() => {
                drop(reply.send(read(shared, |tree, end| values::values(tree, &ids, end))));
            }
            Query::Scan { from, limits, reply } if !reply.is_closed() => {
                drop(reply.send(read(shared, |tree, end| scan::scan(tree, from, limits, end))));
            }
            // Nobody waits for it any more.
            Query::Values { .. } | Query::Scan { .. } => {}
        }
    }
}

/// Reads what is known to be durable.
fn read<T>(shared: &Shared, work: impl FnOnce(&Tree, Bounds) -> Result<T>) -> std::result::Result<T, BackendError> {
    let end = shared.bounds();
    let database = shared.read()?;
    guarded(|| work(database.tree(), end)).map_err(Failure::of_read)
}
