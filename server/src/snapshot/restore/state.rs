//! What a snapshot holds beside the keys: compaction, leases, users and roles. Alarms and members are not taken over, as etcd does
//! not.

use std::sync::Arc;

use prost::Message as _;
use proto::authpb;
use proto::authpb::permission::Type;
use storage_core::auth::{AuthState, PasswordHash, Permission, PermissionKind, Role, User};
use storage_core::{KeyRange, LeaseId, RestoredLease, Revision};

use super::error::{Refused, SnapshotError};
use super::file::SnapshotFile;
use super::version::decode_revision;
use crate::options::EmulatedVersion;
use crate::progress::Progress;
use crate::snapshot::{auth, schema};

/// etcd's longest lease, in seconds.
const MAX_LEASE_TTL: i64 = 9_000_000_000;
/// What a store that never compacted answers.
const NEVER_COMPACTED: Revision = Revision(-1);

/// The revision up to which the store was compacted. A compaction that was not finished is: the rest is swept here.
pub(super) fn compact_revision(file: &SnapshotFile, progress: &mut Progress) -> Result<Revision, SnapshotError> {
    let mut compacted = NEVER_COMPACTED;
    let mut is_newer = false;
    file.each(schema::META, |name, value| {
        if [schema::SCHEDULED_COMPACTION.as_bytes(), schema::FINISHED_COMPACTION.as_bytes()].contains(&name) {
            compacted = compacted.max(decode_revision(value)?);
        }
        if name == schema::STORAGE_VERSION.as_bytes() {
            let version = str::from_utf8(value).ok().and_then(|version| version.parse::<EmulatedVersion>().ok());
            is_newer = version.is_none_or(|version| version.is_at_least(schema::FIRST_UNKNOWN_VERSION));
        }
        Ok(())
    })?;
    if is_newer {
        progress.say("the snapshot is of a newer etcd than this program knows: what is new in it is left out");
    }
    Ok(compacted)
}

pub(super) fn leases(file: &SnapshotFile) -> Result<Vec<RestoredLease>, SnapshotError> {
    let mut leases = Vec::new();
    file.each(schema::LEASE, |name, stored| {
        let lease = schema::Lease::decode(stored).ok().filter(|lease| name == lease.id.to_be_bytes());
        let lease = lease.filter(|lease| lease.id != 0 && (0..=MAX_LEASE_TTL).contains(&lease.ttl));
        let schema::Lease { id, ttl, remaining_ttl } = lease.ok_or(Refused("a lease is not as etcd writes it"))?;
        // As etcd does when it starts.
        let remaining_ttl = if remaining_ttl > 0 { remaining_ttl } else { ttl };
        leases.push(RestoredLease { id: LeaseId(id), ttl, remaining_ttl });
        Ok(())
    })?;
    Ok(leases)
}

pub(super) fn auth(file: &SnapshotFile) -> Result<AuthState, SnapshotError> {
    let (mut enabled, mut revision) = (false, AuthState::default().revision());
    file.each(auth::STATUS, |name, value| {
        if name == auth::ENABLED.as_bytes() {
            enabled = value == [1];
        } else if name == auth::REVISION.as_bytes() {
            let value = value.try_into().map_err(|_| Refused("the auth revision is not as etcd writes it"))?;
            revision = u64::from_be_bytes(value);
        }
        Ok(())
    })?;
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    file.each(auth::USERS, |name, stored| {
        users.push(user(name, stored).ok_or(Refused("a user is not as etcd writes it"))?);
        Ok(())
    })?;
    file.each(auth::ROLES, |name, stored| {
        roles.push(role(name, stored).ok_or(Refused("a role is not as etcd writes it"))?);
        Ok(())
    })?;
    Ok(AuthState::new(enabled, revision, users, roles))
}

fn user(name: &[u8], stored: &[u8]) -> Option<(Arc<str>, User)> {
    let user = authpb::User::decode(stored).ok().filter(|user| user.name == name)?;
    let has_password = !user.options.is_some_and(|options| options.no_password);
    let password = has_password.then(|| PasswordHash::new(user.password));
    let roles = user.roles.iter().map(|role| Arc::from(role.as_str())).collect();
    Some((str::from_utf8(name).ok()?.into(), User::new(password, roles)))
}

fn role(name: &[u8], stored: &[u8]) -> Option<(Arc<str>, Role)> {
    let role = authpb::Role::decode(stored).ok().filter(|role| role.name == name)?;
    let permissions: Option<Vec<_>> = role.key_permission.iter().map(permission).collect();
    Some((str::from_utf8(name).ok()?.into(), Role::new(permissions?)))
}

fn permission(permission: &authpb::Permission) -> Option<Permission> {
    let kind = match Type::try_from(permission.perm_type).ok()? {
        Type::Read => PermissionKind::Read,
        Type::Write => PermissionKind::Write,
        Type::Readwrite => PermissionKind::ReadWrite,
    };
    Some(Permission { kind, keys: KeyRange::new(&permission.key, &permission.range_end) })
}
