//! The calls that there are.

use std::fmt;

/// A gRPC method, as labels name it.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) service: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What etcd calls such a request in `etcd_server_request_duration_seconds`, if it is counted there.
    pub(super) request: Option<&'static str>,
}

/// Who sends more than one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unary,
    ServerStream,
    BidiStream,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unary => "unary",
            Self::ServerStream => "server_stream",
            Self::BidiStream => "bidi_stream",
        })
    }
}

const KV: &str = "etcdserverpb.KV";
const WATCH: &str = "etcdserverpb.Watch";
const LEASE: &str = "etcdserverpb.Lease";
const CLUSTER: &str = "etcdserverpb.Cluster";
const MAINTENANCE: &str = "etcdserverpb.Maintenance";
const AUTH: &str = "etcdserverpb.Auth";
const HEALTH: &str = "grpc.health.v1.Health";
const LOCK: &str = "v3lockpb.Lock";
const ELECTION: &str = "v3electionpb.Election";

const fn of(service: &'static str, name: &'static str, kind: Kind, request: Option<&'static str>) -> Method {
    Method { service, name, kind, request }
}

const fn unary(service: &'static str, name: &'static str) -> Method {
    of(service, name, Kind::Unary, None)
}

const fn request(service: &'static str, name: &'static str, request: &'static str) -> Method {
    of(service, name, Kind::Unary, Some(request))
}

/// Those that are called most come first.
pub(super) static METHODS: [Method; 52] = [
    request(KV, "Range", "Range"),
    request(KV, "Txn", "Txn"),
    request(KV, "Put", "Put"),
    request(KV, "DeleteRange", "DeleteRange"),
    of(LEASE, "LeaseKeepAlive", Kind::BidiStream, None),
    of(WATCH, "Watch", Kind::BidiStream, None),
    of(KV, "RangeStream", Kind::ServerStream, None),
    request(KV, "Compact", "Compaction"),
    request(LEASE, "LeaseGrant", "LeaseGrant"),
    request(LEASE, "LeaseRevoke", "LeaseRevoke"),
    unary(LEASE, "LeaseTimeToLive"),
    unary(LEASE, "LeaseLeases"),
    unary(HEALTH, "Check"),
    unary(HEALTH, "List"),
    of(HEALTH, "Watch", Kind::ServerStream, None),
    unary(MAINTENANCE, "Status"),
    request(MAINTENANCE, "Alarm", "Alarm"),
    unary(MAINTENANCE, "Defragment"),
    unary(MAINTENANCE, "Hash"),
    unary(MAINTENANCE, "HashKV"),
    of(MAINTENANCE, "Snapshot", Kind::ServerStream, None),
    unary(MAINTENANCE, "MoveLeader"),
    unary(MAINTENANCE, "Downgrade"),
    unary(CLUSTER, "MemberList"),
    unary(CLUSTER, "MemberAdd"),
    unary(CLUSTER, "MemberRemove"),
    unary(CLUSTER, "MemberUpdate"),
    unary(CLUSTER, "MemberPromote"),
    request(AUTH, "Authenticate", "Authenticate"),
    request(AUTH, "AuthEnable", "AuthEnable"),
    request(AUTH, "AuthDisable", "AuthDisable"),
    request(AUTH, "AuthStatus", "AuthStatus"),
    request(AUTH, "UserAdd", "AuthUserAdd"),
    request(AUTH, "UserGet", "AuthUserGet"),
    request(AUTH, "UserList", "AuthUserList"),
    request(AUTH, "UserDelete", "AuthUserDelete"),
    request(AUTH, "UserChangePassword", "AuthUserChangePassword"),
    request(AUTH, "UserGrantRole", "AuthUserGrantRole"),
    request(AUTH, "UserRevokeRole", "AuthUserRevokeRole"),
    request(AUTH, "RoleAdd", "AuthRoleAdd"),
    request(AUTH, "RoleGet", "AuthRoleGet"),
    request(AUTH, "RoleList", "AuthRoleList"),
    request(AUTH, "RoleDelete", "AuthRoleDelete"),
    request(AUTH, "RoleGrantPermission", "AuthRoleGrantPermission"),
    request(AUTH, "RoleRevokePermission", "AuthRoleRevokePermission"),
    unary(LOCK, "Lock"),
    unary(LOCK, "Unlock"),
    unary(ELECTION, "Campaign"),
    unary(ELECTION, "Proclaim"),
    unary(ELECTION, "Leader"),
    of(ELECTION, "Observe", Kind::ServerStream, None),
    unary(ELECTION, "Resign"),
];

impl Method {
    /// Whether it is shown before it was ever called. etcd adds Lock and Election later than it looks for what to show.
    pub(super) fn is_shown_at_once(&self) -> bool {
        !matches!(self.service, LOCK | ELECTION)
    }

    fn has_path(&self, path: &str) -> bool {
        let (service, name) = (self.service.len(), self.name.len());
        // Lengths differ mostly, and are compared first.
        path.len() == service + name + 2
            && path.as_bytes()[1 + service] == b'/'
            && path.strip_prefix('/').is_some_and(|path| path.starts_with(self.service))
            && path.ends_with(self.name)
    }
}

/// The place in [`METHODS`] of what a request's path names.
pub(super) fn find(path: &str) -> Option<usize> {
    METHODS.iter().position(|method| method.has_path(path))
}

/// The place of a method that there is.
pub(super) fn place(service: &str, name: &str) -> usize {
    find(&format!("/{service}/{name}")).expect("only methods of the table are asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_is_found_by_its_path_alone() {
        for (at, method) in METHODS.iter().enumerate() {
            assert_eq!(find(&format!("/{}/{}", method.service, method.name)), Some(at));
        }
        for path in [
            "",
            "/",
            "/etcdserverpb.KV/Get",
            "/etcdserverpb.KV/",
            "etcdserverpb.KV/Range",
            "étcdserverpb.KV/Put",
            "/etcdserverpb.KV.Put",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
