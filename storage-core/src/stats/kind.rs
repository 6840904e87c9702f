use crate::auth::AuthChange;
use crate::machine::Request;

/// The kinds of requests whose evaluations are counted, by etcd's names for them: those that change something.
pub(super) const KINDS: [&str; 19] = [
    "Put",
    "DeleteRange",
    "Txn",
    "Compaction",
    "LeaseGrant",
    "LeaseRevoke",
    "LeaseCheckpoint",
    "Alarm",
    "AuthEnable",
    "AuthDisable",
    "AuthUserAdd",
    "AuthUserDelete",
    "AuthUserChangePassword",
    "AuthUserGrantRole",
    "AuthUserRevokeRole",
    "AuthRoleAdd",
    "AuthRoleDelete",
    "AuthRoleGrantPermission",
    "AuthRoleRevokePermission",
];

/// The place in [`KINDS`] of what is counted.
pub(super) fn kind(request: &Request) -> Option<usize> {
    Some(match request {
        Request::Put(_) => 0,
        Request::DeleteRange(_) => 1,
        Request::Txn(_) => 2,
        Request::Compact(_) => 3,
        Request::LeaseGrant { .. } => 4,
        Request::LeaseRevoke(_) => 5,
        Request::LeaseKeepAlive(_) | Request::CheckpointLeases => 6,
        Request::RaiseAlarm { .. } | Request::DisarmAlarm { .. } => 7,
        Request::ChangeAuth(change) => auth_kind(change),
        _ => return None,
    })
}

fn auth_kind(change: &AuthChange) -> usize {
    match change {
        AuthChange::Enable => 8,
        AuthChange::Disable => 9,
        AuthChange::UserAdd { .. } => 10,
        AuthChange::UserDelete { .. } => 11,
        AuthChange::UserChangePassword { .. } => 12,
        AuthChange::UserGrantRole { .. } => 13,
        AuthChange::UserRevokeRole { .. } => 14,
        AuthChange::RoleAdd { .. } => 15,
        AuthChange::RoleDelete { .. } => 16,
        AuthChange::RoleGrantPermission { .. } => 17,
        AuthChange::RoleRevokePermission { .. } => 18,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LeaseId, Revision};

    #[test]
    fn each_kind_has_its_name() {
        let name = |request: &Request| kind(request).map(|at| KINDS[at]);
        assert_eq!(name(&Request::Compact(Revision(1))), Some("Compaction"));
        assert_eq!(name(&Request::LeaseGrant { id: LeaseId(1), ttl: 1 }), Some("LeaseGrant"));
        assert_eq!(name(&Request::LeaseRevoke(LeaseId(1))), Some("LeaseRevoke"));
        assert_eq!(name(&Request::CheckpointLeases), Some("LeaseCheckpoint"));
        assert_eq!(name(&Request::ChangeAuth(AuthChange::Disable)), Some("AuthDisable"));
        let role: std::sync::Arc<str> = "r".into();
        let change = AuthChange::RoleRevokePermission { role, keys: crate::KeyRange::everything() };
        assert_eq!(name(&Request::ChangeAuth(change)), Some("AuthRoleRevokePermission"));
        assert_eq!(name(&Request::Leases), None);
    }
}
