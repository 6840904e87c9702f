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

#[cfg(test)]
mod tests {
    use http::Request;
    use storage_core::auth::{AuthChange, Permission, PermissionKind, ROOT};
    use storage_core::watch::{CancelCause, WatchEvents, WatchRequest};
    use storage_core::{MemoryBackend, PutRequest, Store, StoreOptions};

    use super::*;
    use crate::access::{Access, AuthOptions, note_common_name};

    /// A store in which the user alice may read the key "a".
    async fn store() -> Store {
        let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap();
        let user = |name: &str| AuthChange::UserAdd { name: name.into(), password: None };
        let grant = |user: &str, role: &str| AuthChange::UserGrantRole { user: user.into(), role: role.into() };
        let permission = Some(Permission { kind: PermissionKind::Read, keys: KeyRange::new(b"a", b"") });
        let changes = [
            user(ROOT),
            grant(ROOT, ROOT),
            user("alice"),
            AuthChange::RoleAdd { name: "reader".into() },
            AuthChange::RoleGrantPermission { role: "reader".into(), permission },
            grant("alice", "reader"),
            AuthChange::Enable,
        ];
        for change in changes {
            store.change_auth(change).await.unwrap();
        }
        store
    }

    fn guard(store: &Store) -> Guard {
        let access = Arc::new(Access::new(store.clone(), &AuthOptions::default()));
        let mut request = Request::new(());
        note_common_name(&mut request, &"alice".into());
        Guard::new(Client::new(&access, &request))
    }

    /// Alice's stream with a watch of "a".
    async fn watched(store: &Store) -> (Guard, WatchControl, WatchEvents) {
        let (mut guard, (control, mut events)) = (guard(store), store.watch());
        let keys = KeyRange::new(b"a", b"");
        guard.check(&WatchCreateRequest::default(), &keys).unwrap();
        control.create(&WatchRequest::new(keys));
        assert!(matches!(events.next().await, Some(WatchMessage::Created { .. })));
        (guard, control, events)
    }

    async fn put(store: &Store) {
        store.put(PutRequest::new(b"a", "v".into())).await.unwrap();
    }

    async fn revoke(store: &Store) {
        let revoke = AuthChange::UserRevokeRole { user: "alice".into(), role: "reader".into() };
        store.change_auth(revoke).await.unwrap();
    }

    #[tokio::test]
    async fn an_event_that_was_taken_after_the_loss_of_the_permission_does_not_pass() {
        let store = store().await;
        let (mut guard, control, mut events) = watched(&store).await;
        put(&store).await;
        let before = events.next().await.unwrap();
        assert!(guard.lets_pass(&before, &control));
        revoke(&store).await;
        put(&store).await;
        let after = events.next().await.unwrap();
        assert!(matches!(after, WatchMessage::Events { .. }) && !guard.lets_pass(&after, &control));
        let canceled = events.next().await.unwrap();
        let cause = CancelCause::Refused(storage_core::auth::AuthError::PermissionDenied);
        assert!(matches!(&canceled, WatchMessage::Canceled { cause: c, .. } if *c == cause), "{canceled:?}");
        assert!(guard.lets_pass(&canceled, &control));
    }

    #[tokio::test]
    async fn a_change_is_learned_of_without_an_event() {
        let store = store().await;
        let (mut guard, control, mut events) = watched(&store).await;
        for _ in 0..2 {
            store.change_auth(AuthChange::RoleAdd { name: "r".into() }).await.unwrap();
            guard.changed().await;
            assert!(guard.recheck(&control).is_empty());
            store.change_auth(AuthChange::RoleDelete { name: "r".into() }).await.unwrap();
        }
        revoke(&store).await;
        guard.changed().await;
        assert_eq!(guard.recheck(&control).len(), 1);
        assert!(matches!(events.next().await, Some(WatchMessage::Canceled { .. })));
    }

    #[tokio::test]
    async fn a_watch_is_checked_but_for_one_that_etcd_finds_another_fault_with() {
        let store = store().await;
        let mut guard = guard(&store);
        let keys = KeyRange::new(b"b", b"");
        let status = guard.check(&WatchCreateRequest::default(), &keys).unwrap_err();
        assert_eq!(status.message(), "etcdserver: permission denied");
        let negative = WatchCreateRequest { start_revision: -1, ..Default::default() };
        assert!(guard.check(&negative, &keys).is_ok());
    }
}
