//! What a caller may do: etcd's `isOpPermitted` and `IsAdminPermitted`, and what its applier asks of them.

use std::collections::BTreeSet;

use super::caller::Caller;
use super::error::AuthError;
use super::permissions::Rights;
use super::state::AuthState;
use super::user::User;
use crate::key_range::KeyRange;
use crate::request::{DeleteRangeRequest, Op, PutLease, PutRequest, TxnRequest};
use crate::types::{Key, LeaseId};

/// A caller, before the state that says what it may do. There is one only while authentication is on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    state: &'a AuthState,
    caller: Option<&'a Caller>,
}

impl<'a> Check<'a> {
    pub(super) fn new(state: &'a AuthState, caller: Option<&'a Caller>) -> Self {
        Self { state, caller }
    }

    /// The auth revision that the caller came with; 0 is nobody's.
    pub(super) fn caller_revision(&self) -> u64 {
        self.caller.map_or(0, |caller| caller.auth_revision)
    }

    /// Whether the caller is somebody. As in etcd, who that is, and whether still, is not asked.
    pub(crate) fn identity(&self) -> Result<(), AuthError> {
        self.caller.map(drop).ok_or(AuthError::UserEmpty)
    }

    /// Whether the caller has the role root, by whatever auth revision.
    pub(crate) fn admin(&self) -> Result<(), AuthError> {
        let caller = self.caller.filter(|caller| !caller.user.is_empty()).ok_or(AuthError::UserEmpty)?;
        let user = self.state.user(&caller.user).ok_or(AuthError::UserNotFound)?;
        if user.is_root() { Ok(()) } else { Err(AuthError::PermissionDenied) }
    }

    /// Whether the caller may see what this user is: itself, or anybody to root.
    pub(crate) fn user(&self, name: &str) -> Result<(), AuthError> {
        self.admin().or_else(|error| {
            let is_own = self.caller.is_some_and(|caller| *caller.user == *name);
            if is_own { Ok(()) } else { Err(error) }
        })
    }

    /// Whether the caller may see what this role is: one that it has, or any to root.
    pub(crate) fn role(&self, name: &str) -> Result<(), AuthError> {
        self.admin().or_else(|error| {
            let user = self.caller.and_then(|caller| self.state.user(&caller.user));
            if user.is_some_and(|user: &User| user.has_role(name)) { Ok(()) } else { Err(error) }
        })
    }

    /// Whether the caller may read all of `keys`.
    pub(crate) fn read(&self, keys: &KeyRange) -> Result<(), AuthError> {
        self.rights()?.read(keys)
    }

    /// Whether the caller may read every one of `keys`; root may whatever its auth revision.
    pub(crate) fn read_each<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Result<(), AuthError> {
        self.each(keys, Rights::read_key)
    }

    /// Whether the caller may do with a lease what writes all of its keys; root may whatever its auth revision.
    pub(crate) fn write_each<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Result<(), AuthError> {
        self.each(keys, Rights::write_key)
    }

    /// A put, with the keys of the lease that it attaches to: who may not write those could not revoke it.
    pub(crate) fn put<'l>(
        &self,
        put: &PutRequest,
        lease_keys: &impl Fn(LeaseId) -> Option<&'l BTreeSet<Key>>,
    ) -> Result<(), AuthError> {
        let rights = self.rights()?;
        rights.write_key(&put.key)?;
        if let PutLease::Set(lease) = put.lease
            && let Some(keys) = lease_keys(lease)
        {
            self.write_each(keys)?;
        }
        if put.prev_kv { rights.read_key(&put.key) } else { Ok(()) }
    }

    pub(crate) fn delete(&self, delete: &DeleteRangeRequest) -> Result<(), AuthError> {
        let rights = self.rights()?;
        rights.write(&delete.keys)?;
        if delete.prev_kv { rights.read(&delete.keys) } else { Ok(()) }
    }

    /// Both branches, whichever will run. A transaction of nothing is anybody's, as in etcd.
    pub(crate) fn txn<'l>(
        &self,
        txn: &TxnRequest,
        lease_keys: &impl Fn(LeaseId) -> Option<&'l BTreeSet<Key>>,
    ) -> Result<(), AuthError> {
        txn.compares.iter().try_for_each(|compare| self.read(&compare.keys))?;
        txn.success.iter().chain(&txn.failure).try_for_each(|op| match op {
            Op::Range(range) => self.read(&range.keys),
            Op::Put(put) => self.put(put, lease_keys),
            Op::DeleteRange(delete) => self.delete(delete),
            Op::Txn(inner) => self.txn(inner, lease_keys),
        })
    }

    fn each<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k Key>,
        may: impl Fn(&Rights<'a>, &[u8]) -> Result<(), AuthError>,
    ) -> Result<(), AuthError> {
        if self.admin().is_ok() {
            return Ok(());
        }
        let mut keys = keys.into_iter().peekable();
        if keys.peek().is_none() {
            return Ok(());
        }
        let rights = self.rights()?;
        keys.try_for_each(|key| may(&rights, key))
    }

    fn rights(&self) -> Result<Rights<'a>, AuthError> {
        let caller = self.caller.filter(|caller| caller.auth_revision != 0).ok_or(AuthError::UserEmpty)?;
        if caller.auth_revision < self.state.revision() {
            return Err(AuthError::OldRevision);
        }
        self.state.rights(&caller.user).ok_or(AuthError::PermissionDenied)
    }
}
