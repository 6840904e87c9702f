//! Whom a store's requests are made for, and what that allows.

use std::sync::Arc;

use tokio::sync::watch;

use crate::auth::{Access, AuthError, AuthState, Caller, Check, Permit};
use crate::error::StoreError;
use crate::key_range::KeyRange;
use crate::store::Store;

impl Store {
    /// Whom this store's requests are made for, if [`Store::for_client`] named somebody.
    #[must_use]
    pub fn caller(&self) -> Option<&Caller> {
        match &self.access {
            Access::Client(caller) => caller.as_ref(),
            Access::Trusted => None,
        }
    }

    /// The users and roles, as durable as keys are.
    #[must_use]
    pub fn auth(&self) -> Arc<AuthState> {
        self.inner.shared.auth.state()
    }

    /// Waits until what is published, the users and roles among it, includes everything that anybody was told is done before this
    /// was called. Where nobody else writes to the storage it does already.
    ///
    /// # Errors
    /// If the storage is out of reach.
    pub async fn linearize(&self) -> Result<(), StoreError> {
        self.inner.linearize().await.map(drop)
    }

    /// Whether authentication is on; cheaper than [`Store::auth`].
    #[must_use]
    pub fn auth_enabled(&self) -> bool {
        self.inner.shared.auth.is_enabled()
    }

    /// Follows the users and roles. A change is there before the keys and events of later requests are, so who looks at it after
    /// it was handed an event knows by what permissions that may be passed on.
    #[must_use]
    pub fn auth_changes(&self) -> watch::Receiver<Arc<AuthState>> {
        self.inner.shared.auth.changes()
    }

    /// Whether the caller may read all of `keys`: to be asked before a watch is made for it, and again when
    /// [`Store::auth_changes`] shows a change. No start is the first key there is.
    ///
    /// # Errors
    /// [`AuthError::UserEmpty`], [`AuthError::OldRevision`], [`AuthError::PermissionDenied`].
    pub fn check_read(&self, keys: &KeyRange) -> Result<(), AuthError> {
        self.permit(|check| {
            if keys.start().is_empty() {
                check.read(&keys.starting_at([0].as_slice().into()))
            } else {
                check.read(keys)
            }
        })
        .map(drop)
    }

    /// Whether the caller is somebody, whoever it is.
    ///
    /// # Errors
    /// [`AuthError::UserEmpty`].
    pub fn check_identity(&self) -> Result<(), AuthError> {
        self.permit(|check| check.identity()).map(drop)
    }

    /// Whether the caller has the role root.
    ///
    /// # Errors
    /// [`AuthError::UserEmpty`], [`AuthError::UserNotFound`], [`AuthError::PermissionDenied`].
    pub fn check_admin(&self) -> Result<(), AuthError> {
        self.permit(|check| check.admin()).map(drop)
    }

    /// Whether the caller may see what the user of this name is: itself, or anybody to root.
    ///
    /// # Errors
    /// Those of [`Store::check_admin`].
    pub fn check_user_get(&self, name: &str) -> Result<(), AuthError> {
        self.permit(|check| check.user(name)).map(drop)
    }

    /// Whether the caller may see what the role of this name is: one that it has, or any to root.
    ///
    /// # Errors
    /// Those of [`Store::check_admin`].
    pub fn check_role_get(&self, name: &str) -> Result<(), AuthError> {
        self.permit(|check| check.role(name)).map(drop)
    }

    /// Asks whether a read is allowed, if this store's requests are checked.
    pub(crate) fn permit(&self, ask: impl FnOnce(Check<'_>) -> Result<(), AuthError>) -> Result<Permit, AuthError> {
        self.inner.shared.auth.check(&self.access, ask)
    }

    /// To be called once the keys are read.
    pub(crate) fn confirm(&self, permit: Permit) -> Result<(), AuthError> {
        self.inner.shared.auth.confirm(permit)
    }
}
