//! A state that was another store's.

use std::sync::Arc;

use super::record::AuthRecord;
use super::role::{Permission, Role};
use super::state::AuthState;
use super::user::{PasswordHash, User};

impl AuthState {
    /// The state with these users and roles, at this auth revision.
    #[must_use]
    pub fn restored(
        enabled: bool,
        revision: u64,
        users: impl IntoIterator<Item = (Arc<str>, User)>,
        roles: impl IntoIterator<Item = (Arc<str>, Role)>,
    ) -> Self {
        let mut state = Self::default();
        state.take_in(AuthRecord::Status { enabled, revision });
        let role = |(name, role)| AuthRecord::Role(name, Some(Arc::new(role)));
        roles.into_iter().map(role).for_each(|record| state.take_in(record));
        let user = |(name, user)| AuthRecord::User(name, Some(Arc::new(user)));
        users.into_iter().map(user).for_each(|record| state.take_in(record));
        state
    }

    /// The records that make this state of a fresh one.
    pub(crate) fn records(&self) -> impl Iterator<Item = AuthRecord> {
        let status = AuthRecord::Status { enabled: self.is_enabled(), revision: self.revision() };
        let user = |(name, user): (&Arc<str>, &User)| AuthRecord::User(Arc::clone(name), Some(Arc::new(user.clone())));
        let role = |(name, role): (&Arc<str>, &Role)| AuthRecord::Role(Arc::clone(name), Some(Arc::new(role.clone())));
        std::iter::once(status).chain(self.users().map(user)).chain(self.roles().map(role))
    }
}

impl User {
    /// A user with these roles, in any order; without a password it can only be known by a client certificate.
    #[must_use]
    pub fn restored(password: Option<PasswordHash>, mut roles: Vec<Arc<str>>) -> Self {
        roles.sort_unstable();
        roles.dedup();
        Self { password, roles }
    }
}

impl Role {
    /// A role with these permissions, in any order.
    #[must_use]
    pub fn restored(mut permissions: Vec<Permission>) -> Self {
        permissions.sort_by(|a, b| a.keys.start().cmp(b.keys.start()));
        Self { permissions }
    }
}
