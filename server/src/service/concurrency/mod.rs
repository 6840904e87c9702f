//! What locks and elections are made of: queues of keys below a name. Their keys and their order are those of etcd's package
//! `client/v3/concurrency`, so that its users and the users of these services queue together.

mod call;
mod place;
mod queue;
#[cfg(test)]
mod tests;

use storage_core::{LeaseId, Store};
use tonic::Status;

pub(super) use self::call::{forwarded, to_its_end};
pub(super) use self::place::Place;
pub(super) use self::queue::{Follow, Queue};

/// Seconds of a lease that is granted for a caller who has none. As in etcd nobody renews it.
const SESSION_TTL: i64 = 60;

/// The lease of a call: the client's, or a new one where it names none.
pub(super) async fn session(store: &Store, lease: i64) -> Result<LeaseId, Status> {
    match LeaseId(lease) {
        LeaseId::NONE => Ok(store.lease_grant(LeaseId::NONE, SESSION_TTL).await.map_err(forwarded)?.id),
        lease => Ok(lease),
    }
}
