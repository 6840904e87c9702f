//! From listeners to services: connections, the way of a request to its service, and the end of it all.

mod accept;
mod body;
mod connection;
mod counted;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod http;
mod kv;
mod local;
mod messages;
mod opening;
mod peer;
mod pings;
mod reply;
mod request;
mod role;
mod router;
mod unary;

use std::time::Duration;

use storage_core::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::body::Body;
use self::connection::Connections;
pub(crate) use self::http::{error, response};
pub(crate) use self::request::RequestBody;
pub use self::role::{Endpoint, Role};
use self::router::Router;
use crate::compaction;
use crate::options::ServerOptions;

/// How long connections that were cut off may take to be gone.
const CUT_OFF_GRACE: Duration = Duration::from_millis(500);

/// Serves `store` on `endpoints` until `shutdown` is done, and closes it. A listener alone serves everything.
///
/// A shutdown refuses new connections, ends the streams of watches and renewals with `Unavailable`, so that clients take them
/// elsewhere, lets other requests finish for [`ServerOptions::shutdown_grace`], and cuts off the rest.
///
/// # Errors
/// If the storage fails to close.
pub async fn run(
    endpoints: impl IntoIterator<Item = impl Into<Endpoint>>,
    store: Store,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) -> Result<(), StoreError> {
    store.announce(options.member.peer(store.identity().member_id));
    let tasks = TaskTracker::new();
    let stop = Stop::default();
    let router = Router::new(&store, &options, tasks.clone(), &stop);
    if let Some(rule) = options.auto_compaction {
        tasks.spawn(compaction::run(store.clone(), rule, stop.drain.clone()));
    }
    let connections = Connections::new(router, &options, stop.clone(), tasks.clone());
    for Endpoint { listener, role } in endpoints.into_iter().map(Into::into) {
        tasks.spawn(accept::accept(listener, connections.for_role(role), stop.drain.clone()));
    }
    drop(connections);

    shutdown.await;
    tasks.close();
    stop.drain.cancel();
    if tokio::time::timeout(options.shutdown_grace, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "requests in flight did not finish in time and are cut off");
        stop.cut_off.cancel();
        let _ = tokio::time::timeout(CUT_OFF_GRACE, tasks.wait()).await;
    }
    store.close().await
}

/// The two steps of an end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    /// Nothing new; finish what was begun.
    pub(crate) drain: CancellationToken,
    /// At once.
    pub(crate) cut_off: CancellationToken,
}
