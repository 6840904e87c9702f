//! Users, roles and what they may do.

mod admin;
mod durability;
mod keys;
mod leases;
mod management;
mod order;
mod property;

use std::sync::Arc;

use storage_core::auth::{AuthChange, AuthError, Caller, PasswordHash, Permission, PermissionKind, ROOT};
use storage_core::{MemoryBackend, Store, StoreError, StoreOptions};

use crate::support::keys;

pub(super) use PermissionKind::{Read, ReadWrite, Write};

pub(super) async fn open() -> Store {
    let backend = Arc::new(MemoryBackend::new());
    Store::open(backend, StoreOptions::default()).await.expect("it opens")
}

pub(super) fn user_add(name: &str) -> AuthChange {
    AuthChange::UserAdd { name: name.into(), password: Some(PasswordHash::new("hash")) }
}

pub(super) fn user_delete(name: &str) -> AuthChange {
    AuthChange::UserDelete { name: name.into() }
}

pub(super) fn user_grant(user: &str, role: &str) -> AuthChange {
    AuthChange::UserGrantRole { user: user.into(), role: role.into() }
}

pub(super) fn user_revoke(user: &str, role: &str) -> AuthChange {
    AuthChange::UserRevokeRole { user: user.into(), role: role.into() }
}

pub(super) fn role_add(name: &str) -> AuthChange {
    AuthChange::RoleAdd { name: name.into() }
}

pub(super) fn role_delete(name: &str) -> AuthChange {
    AuthChange::RoleDelete { name: name.into() }
}

pub(super) fn role_grant(role: &str, kind: PermissionKind, start: &str, end: &str) -> AuthChange {
    let permission = Some(Permission { kind, keys: keys(start, end) });
    AuthChange::RoleGrantPermission { role: role.into(), permission }
}

pub(super) fn role_revoke(role: &str, start: &str, end: &str) -> AuthChange {
    AuthChange::RoleRevokePermission { role: role.into(), keys: keys(start, end) }
}

/// Makes a change as the server's own store, which nobody checks.
pub(super) async fn change(store: &Store, change: AuthChange) -> Result<u64, AuthError> {
    match store.change_auth(change).await {
        Ok(_) => Ok(store.auth().revision()),
        Err(StoreError::Auth(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

pub(super) async fn all(store: &Store, changes: impl IntoIterator<Item = AuthChange>) {
    for next in changes {
        change(store, next.clone()).await.unwrap_or_else(|error| panic!("{next:?}: {error}"));
    }
}

/// Makes a user with a role of its own name.
pub(super) async fn user(store: &Store, name: &str, permissions: &[(PermissionKind, &str, &str)]) {
    all(store, [user_add(name), role_add(name), user_grant(name, name)]).await;
    all(store, permissions.iter().map(|(kind, start, end)| role_grant(name, *kind, start, end))).await;
}

/// Makes root and turns authentication on.
pub(super) async fn enable(store: &Store) {
    all(store, [user_add(ROOT), user_grant(ROOT, ROOT), AuthChange::Enable]).await;
}

/// The store as `user` sees it who was authenticated just now.
pub(super) fn by(store: &Store, user: &str) -> Store {
    store.for_client(Some(Caller { user: user.into(), auth_revision: store.auth().revision() }))
}

pub(super) const DENIED: StoreError = StoreError::Auth(AuthError::PermissionDenied);
pub(super) const USER_EMPTY: StoreError = StoreError::Auth(AuthError::UserEmpty);
pub(super) const OLD_REVISION: StoreError = StoreError::Auth(AuthError::OldRevision);
