//! Everything that authentication knows, at one moment.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::caller::Access;
use super::check::Check;
use super::permissions::{Permissions, Rights};
use super::record::AuthRecord;
use super::role::Role;
use super::token_key::TokenKey;
use super::user::User;
use crate::commit::ControlChange;

/// Users, roles and whether authentication is on. Never changed: a change makes another, which shares most of it.
#[derive(Clone, Debug)]
pub struct AuthState {
    enabled: bool,
    revision: u64,
    token_key: Option<TokenKey>,
    users: Arc<BTreeMap<Arc<str>, Arc<Account>>>,
    roles: Arc<BTreeMap<Arc<str>, Arc<Role>>>,
}

/// A user, with what its roles come to. States share it as long as neither the user nor one of its roles is changed.
#[derive(Debug)]
struct Account {
    user: Arc<User>,
    permissions: OnceLock<Permissions>,
}

/// A fresh store's: off, nobody, at etcd's first auth revision.
impl Default for AuthState {
    fn default() -> Self {
        Self { enabled: false, revision: 1, token_key: None, users: Arc::default(), roles: Arc::default() }
    }
}

impl AuthState {
    /// The state that another store had, for making a store of it.
    #[must_use]
    pub fn new(
        enabled: bool,
        revision: u64,
        users: impl IntoIterator<Item = (Arc<str>, User)>,
        roles: impl IntoIterator<Item = (Arc<str>, Role)>,
    ) -> Self {
        let mut state = Self::default();
        roles.into_iter().for_each(|(name, role)| state.take_in(AuthRecord::Role(name, Some(Arc::new(role)))));
        users.into_iter().for_each(|(name, user)| state.take_in(AuthRecord::User(name, Some(Arc::new(user)))));
        state.take_in(AuthRecord::Status { enabled, revision });
        state
    }

    /// The control records that hold it, for the first commit of a store. What tokens are signed with each store makes itself.
    #[must_use]
    pub fn controls(&self) -> Vec<ControlChange> {
        let status = AuthRecord::Status { enabled: self.enabled, revision: self.revision };
        let user = |(name, account): (&Arc<str>, &Arc<Account>)| {
            AuthRecord::User(Arc::clone(name), Some(Arc::clone(&account.user)))
        };
        let role = |(name, role): (&Arc<str>, &Arc<Role>)| AuthRecord::Role(Arc::clone(name), Some(Arc::clone(role)));
        let records = self.users.iter().map(user).chain(self.roles.iter().map(role));
        records.chain([status]).map(AuthRecord::change).collect()
    }

    /// Whether requests are checked.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The auth revision: 1 at first, and one more with each change of users, roles and permissions and each disabling.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What tokens are signed with while authentication is on. It is another one each time that it is turned on: in between,
    /// everybody was somebody.
    #[must_use]
    pub fn token_key(&self) -> Option<&TokenKey> {
        self.token_key.as_ref()
    }

    /// The user of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name).map(|account| &*account.user)
    }

    /// All users, by name.
    pub fn users(&self) -> impl Iterator<Item = (&Arc<str>, &User)> {
        self.users.iter().map(|(name, account)| (name, &*account.user))
    }

    /// The role of this name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name).map(|role| &**role)
    }

    /// All roles, by name.
    pub fn roles(&self) -> impl Iterator<Item = (&Arc<str>, &Role)> {
        self.roles.iter().map(|(name, role)| (name, &**role))
    }

    /// How to check requests that come by `access`, if they are to be.
    pub(crate) fn check<'a>(&'a self, access: &'a Access) -> Option<Check<'a>> {
        match access {
            Access::Client(caller) if self.enabled => Some(Check::new(self, caller.as_ref())),
            Access::Client(_) | Access::Trusted => None,
        }
    }

    /// What the user of this name may do.
    pub(super) fn rights(&self, name: &str) -> Option<Rights<'_>> {
        let Account { user, permissions } = &**self.users.get(name)?;
        if user.is_root() {
            return Some(Rights::Everything);
        }
        let merge = || Permissions::of(user.roles.iter().filter_map(|role| self.role(role)));
        Some(Rights::Only(permissions.get_or_init(merge)))
    }

    /// Takes in one record of the log: the only way in which anything is changed.
    pub(crate) fn take_in(&mut self, record: AuthRecord) {
        match record {
            AuthRecord::Status { enabled, revision } => {
                self.enabled = enabled;
                self.revision = revision;
            }
            AuthRecord::TokenKey(key) => self.token_key = key,
            AuthRecord::User(name, Some(user)) => self.put_user(name, user),
            AuthRecord::User(name, None) => drop(Arc::make_mut(&mut self.users).remove(&name)),
            AuthRecord::Role(name, role) => {
                let roles = Arc::make_mut(&mut self.roles);
                match role {
                    Some(role) => drop(roles.insert(Arc::clone(&name), role)),
                    None => drop(roles.remove(&name)),
                }
                self.forget_permissions(&name);
            }
        }
    }

    fn put_user(&mut self, name: Arc<str>, user: Arc<User>) {
        let account = Account { user, permissions: OnceLock::new() };
        Arc::make_mut(&mut self.users).insert(name, Arc::new(account));
    }

    /// What the users who have this role may do is another thing now.
    fn forget_permissions(&mut self, role: &str) {
        let having = self.users.iter().filter(|(_, account)| account.user.has_role(role));
        let having: Vec<_> = having.map(|(name, account)| (Arc::clone(name), Arc::clone(&account.user))).collect();
        for (name, user) in having {
            self.put_user(name, user);
        }
    }
}
