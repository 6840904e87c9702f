//! etcd's users, roles and permissions, naively: a caller may do something with a range if it may with each key.

use std::collections::{BTreeMap, BTreeSet};

use storage_core::KeyRange;
use storage_core::auth::{AuthChange, AuthError, AuthState, Permission, PermissionKind, ROOT};

/// Whom a request is made for.
#[derive(Clone, Debug)]
pub enum Asker {
    /// The server itself, which nobody checks.
    Trusted,
    /// Nobody.
    Nobody,
    /// A user as it was known so many auth revisions ago.
    User(String, u64),
}

/// The users and roles of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthModel {
    enabled: bool,
    revision: u64,
    users: BTreeMap<String, User>,
    roles: BTreeMap<String, Vec<Permission>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct User {
    has_password: bool,
    roles: BTreeSet<String>,
}

/// A fresh store's.
impl Default for AuthModel {
    fn default() -> Self {
        Self { enabled: false, revision: 1, users: BTreeMap::new(), roles: BTreeMap::new() }
    }
}

/// What can be seen of a store's.
impl From<&AuthState> for AuthModel {
    fn from(state: &AuthState) -> Self {
        let user = |user: &storage_core::auth::User| User {
            has_password: user.password_hash().is_some(),
            roles: user.roles().iter().map(|role| role.to_string()).collect(),
        };
        Self {
            enabled: state.is_enabled(),
            revision: state.revision(),
            users: state.users().map(|(name, u)| (name.to_string(), user(u))).collect(),
            roles: state.roles().map(|(name, role)| (name.to_string(), role.permissions().to_vec())).collect(),
        }
    }
}

impl AuthModel {
    /// The auth revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether `asker` has the role root: `IsAdminPermitted` in etcd's `auth/store.go`.
    ///
    /// # Errors
    /// As the store.
    pub fn admin(&self, asker: &Asker) -> Result<(), AuthError> {
        match asker {
            _ if !self.enabled => Ok(()),
            Asker::Trusted => Ok(()),
            Asker::Nobody => Err(AuthError::UserEmpty),
            Asker::User(name, _) if name.is_empty() => Err(AuthError::UserEmpty),
            Asker::User(name, _) => match self.users.get(name) {
                None => Err(AuthError::UserNotFound),
                Some(user) if user.roles.contains(ROOT) => Ok(()),
                Some(_) => Err(AuthError::PermissionDenied),
            },
        }
    }

    /// Whether `asker` may do all that `kind` says with `keys`: `isOpPermitted`.
    ///
    /// # Errors
    /// As the store.
    pub fn permits(&self, asker: &Asker, kind: PermissionKind, keys: &KeyRange) -> Result<(), AuthError> {
        let (name, age) = match asker {
            _ if !self.enabled => return Ok(()),
            Asker::Trusted => return Ok(()),
            Asker::Nobody => return Err(AuthError::UserEmpty),
            Asker::User(name, age) => (name, *age),
        };
        if age >= self.revision {
            return Err(AuthError::UserEmpty);
        }
        if age > 0 {
            return Err(AuthError::OldRevision);
        }
        let user = self.users.get(name).ok_or(AuthError::PermissionDenied)?;
        let permissions: Vec<_> = user.roles.iter().filter_map(|role| self.roles.get(role)).flatten().collect();
        let ranges = permissions.iter().map(|p| &p.keys).chain([keys]);
        // Between these no permission begins or ends.
        let mut tried: BTreeSet<Vec<u8>> = ranges.flat_map(edges).filter(|key| keys.contains(key)).collect();
        tried.insert(keys.start().to_vec());
        let held = |key: &[u8], kind| {
            permissions.iter().any(|p| (p.kind == kind || p.kind == PermissionKind::ReadWrite) && p.keys.contains(key))
        };
        let kinds: &[PermissionKind] = match kind {
            PermissionKind::ReadWrite => &[PermissionKind::Read, PermissionKind::Write],
            PermissionKind::Read => &[PermissionKind::Read],
            PermissionKind::Write => &[PermissionKind::Write],
        };
        let may = user.roles.contains(ROOT) || kinds.iter().all(|kind| tried.iter().all(|key| held(key, *kind)));
        if may { Ok(()) } else { Err(AuthError::PermissionDenied) }
    }

    /// Makes a change for `asker`. Answers whether it changed anything.
    ///
    /// # Errors
    /// As the store.
    pub fn change(&mut self, asker: &Asker, change: &AuthChange) -> Result<bool, AuthError> {
        self.admin(asker)?;
        let before = self.clone();
        let result = self.apply(change);
        match result {
            Ok(true) if *change != AuthChange::Enable => self.revision += 1,
            Ok(_) => {}
            Err(_) => *self = before,
        }
        result
    }

    fn apply(&mut self, change: &AuthChange) -> Result<bool, AuthError> {
        let enabled = self.enabled;
        match change {
            AuthChange::Enable => {
                let root = self.users.get(ROOT).ok_or(AuthError::RootUserNotFound)?;
                if !enabled && !root.roles.contains(ROOT) {
                    return Err(AuthError::RootRoleNotGranted);
                }
                self.enabled = true;
                return Ok(!enabled);
            }
            AuthChange::Disable => {
                self.enabled = false;
                return Ok(enabled);
            }
            AuthChange::UserAdd { name, password } => {
                require(!name.is_empty(), AuthError::UserEmpty)?;
                let user = User { has_password: password.is_some(), ..User::default() };
                require(self.users.insert(name.to_string(), user).is_none(), AuthError::UserExists)?;
            }
            AuthChange::UserDelete { name } => {
                require(!(enabled && **name == *ROOT), AuthError::InvalidManagement)?;
                self.users.remove(&**name).ok_or(AuthError::UserNotFound)?;
            }
            AuthChange::UserChangePassword { name, .. } => drop(self.user(name)?),
            AuthChange::UserGrantRole { user, role } => {
                let known = **role == *ROOT || self.roles.contains_key(&**role);
                let user = self.user(user)?;
                require(known, AuthError::RoleNotFound)?;
                return Ok(user.roles.insert(role.to_string()));
            }
            AuthChange::UserRevokeRole { user, role } => {
                require(!(enabled && **user == *ROOT && **role == *ROOT), AuthError::InvalidManagement)?;
                require(self.user(user)?.roles.remove(&**role), AuthError::RoleNotGranted)?;
            }
            AuthChange::RoleAdd { name } => {
                require(!name.is_empty(), AuthError::RoleEmpty)?;
                require(self.roles.insert(name.to_string(), Vec::new()).is_none(), AuthError::RoleExists)?;
            }
            AuthChange::RoleDelete { name } => {
                require(!(enabled && **name == *ROOT), AuthError::InvalidManagement)?;
                self.roles.remove(&**name).ok_or(AuthError::RoleNotFound)?;
                self.users.values_mut().for_each(|user| user.roles.retain(|role| **role != **name));
            }
            AuthChange::RoleGrantPermission { role, permission } => {
                let new = permission.as_ref().ok_or(AuthError::PermissionNotGiven)?;
                let empty = new.keys.start().is_empty() || new.keys.is_empty();
                require(!empty, AuthError::InvalidManagement)?;
                grant(self.roles.get_mut(&**role).ok_or(AuthError::RoleNotFound)?, new);
            }
            AuthChange::RoleRevokePermission { role, keys } => {
                let permissions = self.roles.get_mut(&**role).ok_or(AuthError::RoleNotFound)?;
                let before = permissions.len();
                permissions.retain(|p| p.keys != *keys);
                require(permissions.len() < before, AuthError::PermissionNotGranted)?;
            }
        }
        Ok(true)
    }

    fn user(&mut self, name: &str) -> Result<&mut User, AuthError> {
        self.users.get_mut(name).ok_or(AuthError::UserNotFound)
    }
}

/// etcd looks at the first permission from the same key only: `RoleGrantPermission` in `auth/store.go`.
fn grant(permissions: &mut Vec<Permission>, new: &Permission) {
    match permissions.iter_mut().find(|p| p.keys.start() >= new.keys.start()) {
        Some(first) if first.keys == new.keys => first.kind = new.kind,
        _ => permissions.push(new.clone()),
    }
    permissions.sort_by_key(|p| p.keys.start().clone());
}

fn require(holds: bool, or: AuthError) -> Result<(), AuthError> {
    if holds { Ok(()) } else { Err(or) }
}

/// Where a range begins and ends, and what lies behind both.
fn edges(keys: &KeyRange) -> Vec<Vec<u8>> {
    let (start, end) = (keys.start().to_vec(), keys.end_bytes().to_vec());
    let behind = |key: &[u8]| [key, b"\0"].concat();
    vec![behind(&start), behind(&end), start, end, b"\xff\xff\xff".to_vec()]
}
