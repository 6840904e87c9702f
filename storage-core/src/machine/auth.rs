//! Authentication's part in the state machine: whose requests are refused, and changes of users and roles.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Machine;
use super::draft::{Draft, Undo};
use super::message::Request;
use crate::auth::{Access, AuthChange, AuthError, AuthRecord, AuthState, TokenKey};
use crate::types::{Key, LeaseId, Revision};

impl Machine {
    /// The state as of the last request evaluated.
    pub(crate) fn auth(&self) -> &Arc<AuthState> {
        &self.auth
    }

    /// What etcd asks before it looks at alarms: whether the caller is somebody at all, or root where only root may.
    pub(super) fn check_caller(&self, access: &Access, request: &Request) -> Result<(), AuthError> {
        let Some(check) = self.auth.check(access) else { return Ok(()) };
        match request {
            Request::LeaseGrant { .. }
            | Request::LeaseRevoke(_)
            | Request::LeaseKeepAlive(_)
            | Request::LeaseTimeToLive { .. }
            | Request::Leases
            | Request::Alarms => check.identity(),
            Request::Compact(_)
            | Request::RaiseAlarm { .. }
            | Request::DisarmAlarm { .. }
            | Request::ChangeAuth(_)
            | Request::ChangeCluster { .. }
            | Request::Export
            | Request::CheckpointLeases => check.admin(),
            Request::Put(_) | Request::DeleteRange(_) | Request::Txn(_) => Ok(()),
        }
    }

    /// Whether the caller may read and write the keys that the request is about.
    pub(super) fn check_permissions(&self, access: &Access, request: &Request) -> Result<(), AuthError> {
        let Some(check) = self.auth.check(access) else { return Ok(()) };
        let lease_keys = |id: LeaseId| self.lease_keys(id);
        match request {
            Request::Put(put) => check.put(put, &lease_keys),
            Request::DeleteRange(delete) => check.delete(delete),
            Request::Txn(txn) => check.txn(txn, &lease_keys),
            Request::LeaseRevoke(id) | Request::LeaseKeepAlive(id) => {
                check.write_each(self.lease_keys(*id).into_iter().flatten())
            }
            Request::LeaseTimeToLive { id, keys: true } => check.read_each(self.lease_keys(*id).into_iter().flatten()),
            Request::Leases => check.read_each(self.lessor.keys()),
            Request::LeaseTimeToLive { keys: false, .. }
            | Request::LeaseGrant { .. }
            | Request::Compact(_)
            | Request::Alarms
            | Request::RaiseAlarm { .. }
            | Request::DisarmAlarm { .. }
            | Request::ChangeAuth(_)
            | Request::ChangeCluster { .. }
            | Request::Export
            | Request::CheckpointLeases => Ok(()),
        }
    }

    fn lease_keys(&self, id: LeaseId) -> Option<&BTreeSet<Key>> {
        self.lessor.get(id).map(|lease| &lease.keys)
    }

    pub(super) fn change_auth(&mut self, draft: &mut Draft, change: &AuthChange) -> Result<Revision, AuthError> {
        let mut records = change.records(&self.auth)?;
        match change {
            _ if records.is_empty() => return Ok(self.revision),
            AuthChange::Enable => records.push(self.new_token_key()),
            AuthChange::Disable => records.push(AuthRecord::TokenKey(None)),
            _ => {}
        }
        self.write_auth(draft, records);
        Ok(self.revision)
    }

    /// Where authentication was turned on elsewhere, what tokens are signed with did not come along.
    pub(super) fn complete_auth(&mut self, draft: &mut Draft) {
        if self.auth.is_enabled() && self.auth.token_key().is_none() {
            let record = self.new_token_key();
            self.write_auth(draft, vec![record]);
        }
    }

    fn new_token_key(&self) -> AuthRecord {
        let halves = [self.environment.random(), self.environment.random()].map(u128::to_be_bytes);
        let mut secret = [0; 32];
        secret.copy_from_slice(halves.as_flattened());
        AuthRecord::TokenKey(Some(TokenKey::new(secret)))
    }

    fn write_auth(&mut self, draft: &mut Draft, records: Vec<AuthRecord>) {
        draft.undo.push(Undo::Auth(Arc::clone(&self.auth)));
        for record in records {
            draft.controls.push(record.clone().change());
            self.take_in_auth(record);
        }
    }

    pub(super) fn take_in_auth(&mut self, record: AuthRecord) {
        Arc::make_mut(&mut self.auth).take_in(record);
    }
}
