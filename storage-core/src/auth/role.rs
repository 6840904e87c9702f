//! Roles.

use crate::key_range::{KeyRange, RangeEnd};

/// A role: what all users who have it may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    pub(super) permissions: Vec<Permission>,
}

/// The right to do something with some keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// What may be done.
    pub kind: PermissionKind,
    /// With which keys.
    pub keys: KeyRange,
}

/// What a [`Permission`] allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermissionKind {
    /// To read.
    Read,
    /// To write and delete.
    Write,
    /// Both.
    ReadWrite,
}

impl PermissionKind {
    pub(super) fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

impl Role {
    /// A role as another store had it; permissions in any order.
    #[must_use]
    pub fn new(mut permissions: Vec<Permission>) -> Self {
        permissions.sort_by(|a, b| a.keys.start().cmp(b.keys.start()));
        Self { permissions }
    }

    /// The permissions, by first key. The role root has them all without listing any.
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// Adds a permission, or changes what one of the same keys allows. As in etcd only the first of those that begin at the
    /// same key is changed; where another is meant it is added a second time, and both count.
    pub(super) fn grant(&mut self, permission: Permission) {
        let start = permission.keys.start();
        let first = self.permissions.partition_point(|p| p.keys.start() < start);
        match self.permissions.get_mut(first) {
            Some(same) if same.keys == permission.keys => same.kind = permission.kind,
            _ => {
                let last = self.permissions.partition_point(|p| p.keys.start() <= start);
                self.permissions.insert(last, permission);
            }
        }
    }

    /// Removes what is permitted with exactly these keys. Answers whether anything was.
    pub(super) fn revoke(&mut self, keys: &KeyRange) -> bool {
        let before = self.permissions.len();
        self.permissions.retain(|p| p.keys != *keys);
        self.permissions.len() < before
    }
}

/// Whether a permission may have these keys.
pub(super) fn is_grantable(keys: &KeyRange) -> bool {
    match keys.end() {
        _ if keys.start().is_empty() => false,
        RangeEnd::Before(end) => keys.start() < end,
        RangeEnd::Single | RangeEnd::Open => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(kind: PermissionKind, start: &str, end: &str) -> Permission {
        Permission { kind, keys: KeyRange::new(start.as_bytes(), end.as_bytes()) }
    }

    #[test]
    fn a_second_grant_of_the_same_keys_replaces_the_first() {
        let mut role = Role::default();
        role.grant(permission(PermissionKind::Read, "a", "c"));
        role.grant(permission(PermissionKind::Write, "a", "c"));
        assert_eq!(role.permissions(), [permission(PermissionKind::Write, "a", "c")]);
    }

    #[test]
    fn permissions_are_kept_by_first_key() {
        let mut role = Role::default();
        for start in ["b", "c", "a"] {
            role.grant(permission(PermissionKind::Read, start, ""));
        }
        let starts: Vec<_> = role.permissions().iter().map(|p| p.keys.start().to_vec()).collect();
        assert_eq!(starts, [b"a", b"b", b"c"]);
    }

    #[test]
    fn of_several_ranges_from_one_key_only_the_first_granted_is_replaced() {
        let mut role = Role::default();
        role.grant(permission(PermissionKind::Read, "a", "b"));
        role.grant(permission(PermissionKind::Read, "a", "c"));
        role.grant(permission(PermissionKind::Write, "a", "c"));
        assert_eq!(role.permissions().len(), 3, "as in etcd");
        assert!(role.revoke(&KeyRange::new(b"a", b"c")), "both go at once");
        assert_eq!(role.permissions(), [permission(PermissionKind::Read, "a", "b")]);
    }

    #[test]
    fn a_permission_needs_a_key_and_a_range_that_holds_something() {
        let grantable = |start: &str, end: &str| is_grantable(&KeyRange::new(start.as_bytes(), end.as_bytes()));
        assert!(grantable("a", "") && grantable("a", "b") && grantable("b", "\0") && grantable("\0", "\0"));
        assert!(!grantable("", "") && !grantable("", "\0") && !grantable("b", "b") && !grantable("b", "a"));
    }
}
