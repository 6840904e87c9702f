//! Why authentication's state refuses something.

/// Why a caller is refused, or a change of users and roles. The texts are for people; a server maps the variants to etcd's
/// codes and strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Authentication is on and the request names no user, or a user without a name is to be made.
    #[error("user name is empty")]
    UserEmpty,
    /// Users, roles or permissions have changed since the caller was authenticated.
    #[error("revision of auth store is old")]
    OldRevision,
    /// The caller may not do it.
    #[error("permission denied")]
    PermissionDenied,
    /// Authentication cannot be turned on without the user root.
    #[error("root user does not exist")]
    RootUserNotFound,
    /// Authentication cannot be turned on before the user root has the role root.
    #[error("root user does not have root role")]
    RootRoleNotGranted,
    /// There is such a user already.
    #[error("user name already exists")]
    UserExists,
    /// There is no such user.
    #[error("user name not found")]
    UserNotFound,
    /// A role without a name is to be made.
    #[error("role name is empty")]
    RoleEmpty,
    /// There is such a role already.
    #[error("role name already exists")]
    RoleExists,
    /// There is no such role.
    #[error("role name not found")]
    RoleNotFound,
    /// The user does not have the role.
    #[error("role is not granted to the user")]
    RoleNotGranted,
    /// The role has no permission of these keys.
    #[error("permission is not granted to the role")]
    PermissionNotGranted,
    /// A permission is to be granted, and none is named.
    #[error("permission not given")]
    PermissionNotGiven,
    /// What keeps authentication manageable must stay while it is on, and a permission needs keys.
    #[error("invalid auth management")]
    InvalidManagement,
}
