//! Users and roles as etcd stores them. Source: etcd 3.7.3, `server/storage/schema/auth*.go`.

use prost::Message as _;
use proto::authpb;
use proto::authpb::permission::Type;
use storage_core::auth::{AuthState, Permission, PermissionKind, Role, User};

use super::schema::{Entries, entry};

pub(super) const STATUS: &str = "auth";
pub(super) const ROLES: &str = "authRoles";
pub(super) const USERS: &str = "authUsers";

pub(super) const ENABLED: &str = "authEnabled";
pub(super) const REVISION: &str = "authRevision";

pub(super) fn status(auth: &AuthState) -> Entries {
    vec![entry(ENABLED, [u8::from(auth.is_enabled())]), entry(REVISION, auth.revision().to_be_bytes())]
}

pub(super) fn user(name: &str, user: &User) -> (Vec<u8>, Vec<u8>) {
    let hash = user.password_hash().map_or(&[][..], |hash| hash.as_bytes());
    let stored = authpb::User {
        name: name.to_owned().into(),
        password: hash.to_vec().into(),
        roles: user.roles().iter().map(ToString::to_string).collect(),
        options: Some(authpb::UserAddOptions { no_password: user.password_hash().is_none() }),
    };
    entry(name, stored.encode_to_vec())
}

pub(super) fn role(name: &str, role: &Role) -> (Vec<u8>, Vec<u8>) {
    let key_permission = role.permissions().iter().map(permission).collect();
    entry(name, authpb::Role { name: name.to_owned().into(), key_permission }.encode_to_vec())
}

fn permission(permission: &Permission) -> authpb::Permission {
    let kind = match permission.kind {
        PermissionKind::Read => Type::Read,
        PermissionKind::Write => Type::Write,
        PermissionKind::ReadWrite => Type::Readwrite,
    };
    authpb::Permission {
        perm_type: kind.into(),
        key: permission.keys.start().to_vec().into(),
        range_end: permission.keys.end_bytes().to_vec().into(),
    }
}
