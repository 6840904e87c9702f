//! What the roles of a user allow together.

use super::error::AuthError;
use super::intervals::Intervals;
use super::role::{Permission, Role};
use crate::key_range::KeyRange;

/// The keys that a user may read, and those that it may write.
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    read: Intervals,
    write: Intervals,
}

/// What a user may do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rights<'a> {
    /// The role root's.
    Everything,
    /// With these keys only.
    Only(&'a Permissions),
}

impl Permissions {
    pub(super) fn of<'a>(roles: impl Iterator<Item = &'a Role> + Clone) -> Self {
        let all = roles.flat_map(Role::permissions);
        Self { read: keys_of(all.clone().filter(|p| p.kind.reads())), write: keys_of(all.filter(|p| p.kind.writes())) }
    }
}

fn keys_of<'a>(permissions: impl Iterator<Item = &'a Permission>) -> Intervals {
    Intervals::union(permissions.map(|p| -> &KeyRange { &p.keys }))
}

impl Rights<'_> {
    pub(super) fn read(&self, keys: &KeyRange) -> Result<(), AuthError> {
        self.hold(|permissions| permissions.read.covers(keys))
    }

    pub(super) fn write(&self, keys: &KeyRange) -> Result<(), AuthError> {
        self.hold(|permissions| permissions.write.covers(keys))
    }

    pub(super) fn read_key(&self, key: &[u8]) -> Result<(), AuthError> {
        self.hold(|permissions| permissions.read.contains(key))
    }

    pub(super) fn write_key(&self, key: &[u8]) -> Result<(), AuthError> {
        self.hold(|permissions| permissions.write.contains(key))
    }

    fn hold(&self, allow: impl FnOnce(&Permissions) -> bool) -> Result<(), AuthError> {
        match self {
            Self::Only(permissions) if !allow(permissions) => Err(AuthError::PermissionDenied),
            Self::Only(_) | Self::Everything => Ok(()),
        }
    }
}
