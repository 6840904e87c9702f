use std::pin::Pin;
use std::sync::Arc;

use proto::etcdserverpb::WatchCreateRequest;
use storage_core::auth::{AuthState, Caller};
use storage_core::watch::{WatchControl, WatchMessage};
use storage_core::{KeyRange, WatchId};
use tokio::sync::watch;
use tonic::Status;

use crate::access::Client;
use crate::status;

/// Sees to it that a stream has the watches that its client may have, and no others.
///
/// Users and permissions become visible before the events of later commits do. So whoever has taken an event and then
/// finds no change may pass it on: it was committed before any change that could forbid it.
pub(super) struct Guard {
    client: Client,
    /// Who that was found to be. A watch does not end with its token, only with its user's permission.
    user: Option<Arc<str>>,
    changes: watch::Receiver<Arc<AuthState>>,
    /// Done when there are some. It is kept, so that a message costs no new place in the line of those who wait.
    next_change: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Guard {
    pub(super) fn new(client: Client) -> Self {
        let changes = client.unchecked().auth_changes();
        let next_change = Box::pin(change_of(changes.clone()));
        Self { client, user: None, changes, next_change }
    }

    /// Whether the client may have a watch of `keys` now.
    pub(super) fn check(&mut self, request: &WatchCreateRequest, keys: &KeyRange) -> Result<(), Status> {
        // etcd finds fault with it first.
        if request.start_revision < 0 {
            return Ok(());
        }
        let store = self.client.store()?;
        self.user = store.caller().map(|caller| Arc::clone(&caller.user)).or(self.user.take());
        store.check_read(keys).map_err(status::of_auth)
    }

    /// Whether `message`, which was just taken from the stream of `control`, may be passed on.
    pub(super) fn lets_pass(&mut self, message: &WatchMessage, control: &WatchControl) -> bool {
        if !self.changes.has_changed().unwrap_or(false) {
            return true;
        }
        let ended = self.recheck(control);
        !matches!(message, WatchMessage::Events { id, .. } if ended.contains(id))
    }

    /// Waits until users or permissions have changed; then [`Guard::recheck`] is due. Dropped before it is done, it loses nothing.
    pub(super) async fn changed(&mut self) {
        self.next_change.as_mut().await;
    }

    /// Ends the watches that the client may not have any more; answers which.
    pub(super) fn recheck(&mut self, control: &WatchControl) -> Vec<WatchId> {
        let state = Arc::clone(&self.changes.borrow_and_update());
        self.next_change = Box::pin(change_of(self.changes.clone()));
        if !state.is_enabled() {
            return Vec::new();
        }
        if self.user.is_none() {
            // The watches are from before authentication was turned on.
            let store = self.client.store().ok();
            self.user = store.and_then(|store| store.caller().map(|caller| Arc::clone(&caller.user)));
        }
        // Who it is is beyond doubt, and does not grow old.
        let caller = self.user.clone().map(|user| Caller { user, auth_revision: u64::MAX });
        let store = self.client.unchecked().for_client(caller);
        control.recheck(|keys| store.check_read(keys))
    }
}

async fn change_of(mut changes: watch::Receiver<Arc<AuthState>>) {
    if changes.changed().await.is_err() {
        // The store is gone. Its streams end by themselves.
        std::future::pending().await
    }
}
