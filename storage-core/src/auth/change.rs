//! Changes of users, roles and permissions: etcd's rules, and the errors in its order.

use std::sync::Arc;

use super::ROOT;
use super::error::AuthError;
use super::record::AuthRecord;
use super::role::{Permission, Role, is_grantable};
use super::state::AuthState;
use super::user::{PasswordHash, User};
use crate::key_range::KeyRange;

/// A change of authentication's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthChange {
    /// Turns authentication on. The user root must exist and have the role root.
    Enable,
    /// Turns authentication off.
    Disable,
    /// Makes a user.
    UserAdd {
        /// Its name.
        name: Arc<str>,
        /// Its password's hash, or `None` for a user without a password, who never gets one.
        password: Option<PasswordHash>,
    },
    /// Removes a user.
    UserDelete {
        /// Its name.
        name: Arc<str>,
    },
    /// Gives a user another password. One that was made without a password keeps none.
    UserChangePassword {
        /// The user's name.
        name: Arc<str>,
        /// The new password's hash.
        password: PasswordHash,
    },
    /// Gives a user a role, which must exist unless it is root.
    UserGrantRole {
        /// The user's name.
        user: Arc<str>,
        /// The role's name.
        role: Arc<str>,
    },
    /// Takes a role from a user.
    UserRevokeRole {
        /// The user's name.
        user: Arc<str>,
        /// The role's name.
        role: Arc<str>,
    },
    /// Makes a role.
    RoleAdd {
        /// Its name.
        name: Arc<str>,
    },
    /// Removes a role, and takes it from all users.
    RoleDelete {
        /// Its name.
        name: Arc<str>,
    },
    /// Lets a role do something.
    RoleGrantPermission {
        /// The role's name.
        role: Arc<str>,
        /// What it may do. `None`, where a request names nothing, is refused in its turn.
        permission: Option<Permission>,
    },
    /// Removes what a role may do with exactly these keys.
    RoleRevokePermission {
        /// The role's name.
        role: Arc<str>,
        /// The keys.
        keys: KeyRange,
    },
}

impl AuthChange {
    /// About how many bytes it brings.
    pub(crate) fn bytes(&self) -> usize {
        let keys = |keys: &KeyRange| keys.start().len() + keys.end_bytes().len();
        match self {
            Self::Enable | Self::Disable => 0,
            Self::UserAdd { name, password } => name.len() + password.as_ref().map_or(0, |hash| hash.as_bytes().len()),
            Self::UserChangePassword { name, password } => name.len() + password.as_bytes().len(),
            Self::UserDelete { name } | Self::RoleAdd { name } | Self::RoleDelete { name } => name.len(),
            Self::UserGrantRole { user, role } | Self::UserRevokeRole { user, role } => user.len() + role.len(),
            Self::RoleGrantPermission { role, permission } => {
                role.len() + permission.as_ref().map_or(0, |permission| keys(&permission.keys))
            }
            Self::RoleRevokePermission { role, keys: revoked } => role.len() + keys(revoked),
        }
    }

    /// The records that the change writes: none where it changes nothing.
    pub(crate) fn records(&self, state: &AuthState) -> Result<Vec<AuthRecord>, AuthError> {
        let mut records = match self {
            Self::Enable => return enable(state),
            Self::Disable if !state.is_enabled() => return Ok(Vec::new()),
            Self::Disable => Vec::new(),
            Self::UserAdd { name, password } => user_add(state, name, password)?,
            Self::UserDelete { name } => user_delete(state, name)?,
            Self::UserChangePassword { name, password } => user_change_password(state, name, password)?,
            Self::UserGrantRole { user, role } => user_grant_role(state, user, role)?,
            Self::UserRevokeRole { user, role } => user_revoke_role(state, user, role)?,
            Self::RoleAdd { name } => role_add(state, name)?,
            Self::RoleDelete { name } => role_delete(state, name)?,
            Self::RoleGrantPermission { role, permission } => role_grant(state, role, permission.as_ref())?,
            Self::RoleRevokePermission { role, keys } => role_revoke(state, role, keys)?,
        };
        let is_disable = matches!(self, Self::Disable);
        if is_disable || !records.is_empty() {
            let (enabled, revision) = (state.is_enabled() && !is_disable, state.revision().saturating_add(1));
            records.push(AuthRecord::Status { enabled, revision });
        }
        Ok(records)
    }
}

/// Moves no auth revision.
fn enable(state: &AuthState) -> Result<Vec<AuthRecord>, AuthError> {
    if state.is_enabled() {
        return Ok(Vec::new());
    }
    let root = state.user(ROOT).ok_or(AuthError::RootUserNotFound)?;
    if !root.is_root() {
        return Err(AuthError::RootRoleNotGranted);
    }
    Ok(vec![AuthRecord::Status { enabled: true, revision: state.revision() }])
}

fn user_add(state: &AuthState, name: &Arc<str>, password: &Option<PasswordHash>) -> Result<Vec<AuthRecord>, AuthError> {
    if name.is_empty() {
        return Err(AuthError::UserEmpty);
    }
    if state.user(name).is_some() {
        return Err(AuthError::UserExists);
    }
    Ok(vec![set_user(name, User { password: password.clone(), roles: Vec::new() })])
}

fn user_delete(state: &AuthState, name: &Arc<str>) -> Result<Vec<AuthRecord>, AuthError> {
    if state.is_enabled() && **name == *ROOT {
        return Err(AuthError::InvalidManagement);
    }
    existing_user(state, name)?;
    Ok(vec![AuthRecord::User(Arc::clone(name), None)])
}

fn user_change_password(
    state: &AuthState,
    name: &Arc<str>,
    password: &PasswordHash,
) -> Result<Vec<AuthRecord>, AuthError> {
    let user = existing_user(state, name)?;
    let password = user.password.as_ref().map(|_| password.clone());
    Ok(vec![set_user(name, User { password, roles: user.roles.clone() })])
}

fn user_grant_role(state: &AuthState, name: &Arc<str>, role: &Arc<str>) -> Result<Vec<AuthRecord>, AuthError> {
    let user = existing_user(state, name)?;
    if **role != *ROOT {
        existing_role(state, role)?;
    }
    if user.has_role(role) {
        return Ok(Vec::new());
    }
    let mut user = user.clone();
    let place = user.roles.partition_point(|other| other < role);
    user.roles.insert(place, Arc::clone(role));
    Ok(vec![set_user(name, user)])
}

fn user_revoke_role(state: &AuthState, name: &Arc<str>, role: &Arc<str>) -> Result<Vec<AuthRecord>, AuthError> {
    if state.is_enabled() && **name == *ROOT && **role == *ROOT {
        return Err(AuthError::InvalidManagement);
    }
    let user = existing_user(state, name)?;
    if !user.has_role(role) {
        return Err(AuthError::RoleNotGranted);
    }
    Ok(vec![set_user(name, without_role(user, role))])
}

fn role_add(state: &AuthState, name: &Arc<str>) -> Result<Vec<AuthRecord>, AuthError> {
    if name.is_empty() {
        return Err(AuthError::RoleEmpty);
    }
    if state.role(name).is_some() {
        return Err(AuthError::RoleExists);
    }
    Ok(vec![set_role(name, Role::default())])
}

fn role_delete(state: &AuthState, name: &Arc<str>) -> Result<Vec<AuthRecord>, AuthError> {
    if state.is_enabled() && **name == *ROOT {
        return Err(AuthError::InvalidManagement);
    }
    existing_role(state, name)?;
    let having = state.users().filter(|(_, user)| user.has_role(name));
    let mut records: Vec<_> = having.map(|(user, had)| set_user(user, without_role(had, name))).collect();
    records.push(AuthRecord::Role(Arc::clone(name), None));
    Ok(records)
}

fn role_grant(
    state: &AuthState,
    name: &Arc<str>,
    permission: Option<&Permission>,
) -> Result<Vec<AuthRecord>, AuthError> {
    let permission = permission.ok_or(AuthError::PermissionNotGiven)?;
    if !is_grantable(&permission.keys) {
        return Err(AuthError::InvalidManagement);
    }
    let mut role = existing_role(state, name)?.clone();
    role.grant(permission.clone());
    Ok(vec![set_role(name, role)])
}

fn role_revoke(state: &AuthState, name: &Arc<str>, keys: &KeyRange) -> Result<Vec<AuthRecord>, AuthError> {
    let mut role = existing_role(state, name)?.clone();
    if !role.revoke(keys) {
        return Err(AuthError::PermissionNotGranted);
    }
    Ok(vec![set_role(name, role)])
}

fn existing_user<'a>(state: &'a AuthState, name: &str) -> Result<&'a User, AuthError> {
    state.user(name).ok_or(AuthError::UserNotFound)
}

fn existing_role<'a>(state: &'a AuthState, name: &str) -> Result<&'a Role, AuthError> {
    state.role(name).ok_or(AuthError::RoleNotFound)
}

fn without_role(user: &User, role: &str) -> User {
    let mut user = user.clone();
    user.roles.retain(|other| **other != *role);
    user
}

fn set_user(name: &Arc<str>, user: User) -> AuthRecord {
    AuthRecord::User(Arc::clone(name), Some(Arc::new(user)))
}

fn set_role(name: &Arc<str>, role: Role) -> AuthRecord {
    AuthRecord::Role(Arc::clone(name), Some(Arc::new(role)))
}
