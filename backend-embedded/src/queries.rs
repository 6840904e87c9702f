//! What readers are asked.

use bytes::Bytes;
use storage_core::VersionId;
use storage_core::backend::{BackendError, ScanFrom, ScanLimits};
use storage_core::commit::Commit;
use tokio::sync::oneshot;

use crate::queue::Queue;

/// Where the answer to one caller goes.
pub type Reply<T> = oneshot::Sender<Result<T, BackendError>>;

/// What a reader can be asked for.
#[derive(Debug)]
pub enum Query {
    /// Values by name, as in [`Backend::values`](storage_core::Backend::values).
    Values {
        /// Their names.
        ids: Vec<VersionId>,
        /// In the same order.
        reply: Reply<Vec<Option<Bytes>>>,
    },
    /// A part of the log, as in [`Backend::scan`](storage_core::Backend::scan).
    Scan {
        /// Where it begins.
        from: ScanFrom,
        /// How much of it.
        limits: ScanLimits,
        /// Whole commits.
        reply: Reply<Vec<Commit>>,
    },
}

impl Queue<Query> {
    /// The body of a reader thread: answers by `values` and `scan` until the queue is closed and empty.
    pub fn answer(
        &self,
        values: impl Fn(&[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError>,
        scan: impl Fn(ScanFrom, ScanLimits) -> Result<Vec<Commit>, BackendError>,
    ) {
        while let Some(query) = self.pop() {
            match query {
                Query::Values { ids, reply } if !reply.is_closed() => drop(reply.send(values(&ids))),
                Query::Scan { from, limits, reply } if !reply.is_closed() => drop(reply.send(scan(from, limits))),
                // Nobody waits for it any more.
                Query::Values { .. } | Query::Scan { .. } => {}
            }
        }
    }
}
