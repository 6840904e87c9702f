use bytes::Bytes;
use proto::authpb;
use proto::authpb::permission::Type;
use storage_core::KeyRange;
use storage_core::auth::{AuthError, Permission, PermissionKind};

/// A permission to be granted.
pub(crate) fn permission(permission: &authpb::Permission) -> Result<Permission, AuthError> {
    let kind = match Type::try_from(permission.perm_type) {
        Ok(Type::Read) => PermissionKind::Read,
        Ok(Type::Write) => PermissionKind::Write,
        Ok(Type::Readwrite) => PermissionKind::ReadWrite,
        Err(_) => return Err(AuthError::InvalidManagement),
    };
    Ok(Permission { kind, keys: KeyRange::new(&permission.key, &permission.range_end) })
}

/// A permission in an answer.
pub(crate) fn permission_of(permission: &Permission) -> authpb::Permission {
    let kind = match permission.kind {
        PermissionKind::Read => Type::Read,
        PermissionKind::Write => Type::Write,
        PermissionKind::ReadWrite => Type::Readwrite,
    };
    authpb::Permission {
        perm_type: kind as i32,
        key: Bytes::copy_from_slice(permission.keys.start()),
        range_end: Bytes::copy_from_slice(permission.keys.end_bytes()),
    }
}

/// What the role root may do, as etcd writes it.
pub(crate) fn everything() -> authpb::Permission {
    authpb::Permission { perm_type: Type::Readwrite as i32, key: Bytes::new(), range_end: Bytes::from_static(b"\0") }
}
