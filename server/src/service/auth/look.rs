//! What there is, for those who may see it.

use proto::authpb;
use storage_core::Store;
use storage_core::auth::{AuthError, ROOT};

use crate::convert;

/// The roles of a user.
pub(super) fn user(store: &Store, name: &str) -> Result<Vec<String>, AuthError> {
    store.check_user_get(name)?;
    let state = store.auth();
    let user = state.user(name).ok_or(AuthError::UserNotFound)?;
    Ok(user.roles().iter().map(|role| (**role).to_owned()).collect())
}

pub(super) fn users(store: &Store) -> Result<Vec<String>, AuthError> {
    store.check_admin()?;
    Ok(store.auth().users().map(|(name, _)| (**name).to_owned()).collect())
}

/// The permissions of a role.
pub(super) fn role(store: &Store, name: &str) -> Result<Vec<authpb::Permission>, AuthError> {
    store.check_role_get(name)?;
    let state = store.auth();
    let role = state.role(name).ok_or(AuthError::RoleNotFound)?;
    if name == ROOT {
        return Ok(vec![convert::everything()]);
    }
    Ok(role.permissions().iter().map(convert::permission_of).collect())
}

pub(super) fn roles(store: &Store) -> Result<Vec<String>, AuthError> {
    store.check_admin()?;
    Ok(store.auth().roles().map(|(name, _)| (**name).to_owned()).collect())
}
