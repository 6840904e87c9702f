//! The one map from the engine's errors to what etcd's clients see: codes and texts, which clients compare literally.
//! Source: etcd 3.7.3, `api/v3rpc/rpctypes/error.go` and `server/etcdserver/api/v3rpc/util.go`.

use storage_core::StoreError;
use storage_core::auth::AuthError;
use storage_core::cluster::ClusterError;
use tonic::{Code, Status};

use crate::access::PasswordError;

pub(crate) const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const STOPPED: &str = "etcdserver: server stopped";

/// What a client sees of `error`.
pub(crate) fn of(error: StoreError) -> Status {
    let (code, message) = match error {
        StoreError::EmptyKey => (Code::InvalidArgument, "etcdserver: key is not provided"),
        StoreError::KeyNotFound => (Code::InvalidArgument, "etcdserver: key not found"),
        StoreError::ValueProvided => (Code::InvalidArgument, "etcdserver: value is provided"),
        StoreError::LeaseProvided => (Code::InvalidArgument, "etcdserver: lease is provided"),
        StoreError::TooManyOps => (Code::InvalidArgument, "etcdserver: too many operations in txn request"),
        StoreError::DuplicateKey => (Code::InvalidArgument, "etcdserver: duplicate key given in txn request"),
        StoreError::InvalidSort => (Code::InvalidArgument, "etcdserver: invalid sort option"),
        StoreError::TooLarge => (Code::InvalidArgument, "etcdserver: request is too large"),
        StoreError::StreamSort => (Code::Unimplemented, "RangeStream does not support custom sort orders"),
        StoreError::StreamFilter => (Code::Unimplemented, "RangeStream does not support revision filters"),
        StoreError::Compacted { .. } => (Code::OutOfRange, COMPACTED),
        StoreError::FutureRevision => (Code::OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
        StoreError::LeaseTtlTooLarge => (Code::OutOfRange, "etcdserver: too large lease TTL"),
        StoreError::LeaseNotFound => (Code::NotFound, "etcdserver: requested lease not found"),
        StoreError::LeaseExists => (Code::FailedPrecondition, "etcdserver: lease already exists"),
        StoreError::NoSpace => (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded"),
        StoreError::Corrupt => (Code::DataLoss, "etcdserver: corrupt cluster"),
        StoreError::Auth(error) => return of_auth(error),
        StoreError::Cluster(error) => return of_cluster(error),
        // etcd sends this one as an error of its client library, which gRPC knows nothing of.
        StoreError::TooManyRequests => (Code::Unknown, "etcdserver: too many requests"),
        StoreError::Stopped => (Code::Unavailable, STOPPED),
        // etcd's words for "it may have happened or not".
        StoreError::Unknown(cause) => {
            return Status::unavailable(format!("etcdserver: request timed out, outcome unknown: {cause}"));
        }
        StoreError::Refused(cause) => {
            return Status::unavailable(format!("etcdserver: storage refused the write: {cause}"));
        }
        StoreError::Failed(cause) => return Status::unavailable(format!("etcdserver: storage has failed: {cause}")),
        other => return Status::unknown(format!("etcdserver: {other}")),
    };
    Status::new(code, message)
}

/// What a client sees of a refusal by authentication's rules.
pub(crate) fn of_auth(error: AuthError) -> Status {
    let (code, message) = match error {
        AuthError::UserEmpty => (Code::InvalidArgument, "etcdserver: user name is empty"),
        AuthError::OldRevision => (Code::InvalidArgument, "etcdserver: revision of auth store is old"),
        AuthError::PermissionDenied => (Code::PermissionDenied, "etcdserver: permission denied"),
        AuthError::RootUserNotFound => (Code::FailedPrecondition, "etcdserver: root user does not exist"),
        AuthError::RootRoleNotGranted => (Code::FailedPrecondition, "etcdserver: root user does not have root role"),
        AuthError::UserExists => (Code::FailedPrecondition, "etcdserver: user name already exists"),
        AuthError::UserNotFound => (Code::FailedPrecondition, "etcdserver: user name not found"),
        AuthError::RoleEmpty => (Code::InvalidArgument, "etcdserver: role name is empty"),
        AuthError::RoleExists => (Code::FailedPrecondition, "etcdserver: role name already exists"),
        AuthError::RoleNotFound => (Code::FailedPrecondition, "etcdserver: role name not found"),
        AuthError::RoleNotGranted => (Code::FailedPrecondition, "etcdserver: role is not granted to the user"),
        AuthError::PermissionNotGranted => {
            (Code::FailedPrecondition, "etcdserver: permission is not granted to the role")
        }
        AuthError::PermissionNotGiven => (Code::InvalidArgument, "etcdserver: permission not given"),
        AuthError::InvalidManagement => (Code::InvalidArgument, "etcdserver: invalid auth management"),
        other => return Status::unknown(format!("etcdserver: {other}")),
    };
    Status::new(code, message)
}

/// What a client sees of a password that was not looked at.
pub(crate) fn of_password(error: PasswordError) -> Status {
    match error {
        PasswordError::Busy => of(StoreError::TooManyRequests),
        PasswordError::TooLong | PasswordError::Hash(_) => Status::unknown(error.to_string()),
    }
}

/// The token is none, or none any more.
pub(crate) fn invalid_auth_token() -> Status {
    Status::unauthenticated("etcdserver: invalid auth token")
}

/// There is no need of a token.
pub(crate) fn auth_not_enabled() -> Status {
    Status::failed_precondition("etcdserver: authentication is not enabled")
}

/// No such user, or another password: nobody learns which.
pub(crate) fn authentication_failed() -> Status {
    Status::invalid_argument("etcdserver: authentication failed, invalid user ID or password")
}

/// etcd has no code for these two.
pub(crate) fn password_for_no_password_user() -> Status {
    Status::unknown("auth: authentication failed, password was given for no password user")
}

/// See [`password_for_no_password_user`].
pub(crate) fn verify_only() -> Status {
    Status::unknown("auth: token signing attempted with verify-only key")
}

/// A status as Go prints it, which is what etcd gives as the reason why a watch was refused.
pub(crate) fn in_go(status: &Status) -> String {
    format!("rpc error: code = {:?} desc = {}", status.code(), status.message())
}

/// What a client sees of a change of the members that is refused.
fn of_cluster(error: ClusterError) -> Status {
    let code = match error {
        ClusterError::MemberNotFound => Code::NotFound,
        ClusterError::Unhealthy => Code::Unavailable,
        // etcd sends this one as an error of its client library.
        ClusterError::NotEnoughStartedMembers => Code::Unknown,
        _ => Code::FailedPrecondition,
    };
    Status::new(code, format!("etcdserver: {error}"))
}

/// URLs that no member can have.
pub(crate) fn invalid_member_urls() -> Status {
    Status::invalid_argument("etcdserver: given member URLs are invalid")
}

/// Only a member that has a vote can lead, and it has to be there.
pub(crate) fn bad_leader_transferee() -> Status {
    Status::failed_precondition("etcdserver: bad leader transferee")
}

/// What is to be downgraded to is no version.
pub(crate) fn wrong_downgrade_version_format() -> Status {
    Status::invalid_argument("etcdserver: wrong downgrade target version format")
}

/// It is another version than the one before.
pub(crate) fn invalid_downgrade_target() -> Status {
    Status::invalid_argument("etcdserver: invalid downgrade target version")
}

/// The server is going away. Clients take their watches elsewhere on this code, and on no other but Internal.
pub(crate) fn stopped() -> Status {
    Status::unavailable(STOPPED)
}

/// What a client sees of a failure to read its messages. One above the limit is ResourceExhausted to gRPC's other
/// implementations, and so to etcd's clients.
pub(crate) fn of_transport(status: Status) -> Status {
    const TOO_LARGE: &str = "Error, decoded message length too large";
    if status.code() == Code::OutOfRange && status.message().starts_with(TOO_LARGE) {
        return Status::resource_exhausted("grpc: received message larger than max");
    }
    status
}

/// The client's version header is not text.
pub(crate) fn invalid_client_api_version() -> Status {
    Status::invalid_argument("etcdserver: invalid client api version")
}
