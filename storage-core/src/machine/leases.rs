//! What requests do to leases.

use std::time::Duration;

use super::Machine;
use super::control::Record;
use super::draft::{Draft, Undo};
use super::lessor::Lease;
use crate::error::StoreError;
use crate::response::{LeaseGrantResponse, LeaseKeepAliveResponse, LeaseTimeToLiveResponse};
use crate::types::{LeaseId, Revision};

/// etcd's longest lease, in seconds.
const MAX_LEASE_TTL: i64 = 9_000_000_000;
/// Deadlines written down in one commit.
const CHECKPOINT_LEASES: usize = 1000;

impl Machine {
    pub(super) fn lease_grant(
        &mut self,
        draft: &mut Draft,
        id: LeaseId,
        ttl: i64,
    ) -> Result<LeaseGrantResponse, StoreError> {
        if ttl > MAX_LEASE_TTL {
            return Err(StoreError::LeaseTtlTooLarge);
        }
        let id = if id == LeaseId::NONE { self.free_lease_id() } else { id };
        if self.lessor.contains(id) {
            return Err(StoreError::LeaseExists);
        }
        let ttl = ttl.max(self.limits.min_lease_ttl);
        let now = self.moment();
        let deadline = now.monotonic + seconds(ttl);
        let lease = Lease { ttl, deadline, recorded: deadline, keys: Default::default() };
        draft.controls.push(now.record(id, &lease).set());
        draft.undo.push(Undo::Granted(id));
        self.lessor.insert(id, lease);
        Ok(LeaseGrantResponse { revision: self.revision, id, ttl })
    }

    fn free_lease_id(&self) -> LeaseId {
        loop {
            let id = LeaseId((self.environment.random() as i64) & i64::MAX);
            if id != LeaseId::NONE && !self.lessor.contains(id) {
                return id;
            }
        }
    }

    /// Removes a lease and its keys: one revision if it has any, none if not.
    pub(super) fn lease_revoke(&mut self, draft: &mut Draft, id: LeaseId) -> Result<Revision, StoreError> {
        let lease = self.lessor.get(id).ok_or(StoreError::LeaseNotFound)?;
        let keys = lease.keys.clone();
        draft.controls.push(self.moment().record(id, lease).unset());
        for key in &keys {
            let prev = self.index.read().get(key, draft.begin).map(|(_, meta)| *meta);
            let prev = prev.expect("a key that is attached to a lease exists");
            self.delete(draft, key, prev);
        }
        let lease = self.lessor.remove(id).expect("it was just there");
        draft.undo.push(Undo::Revoked(id, lease));
        Ok(draft.revision())
    }

    /// Renews a lease. What the grace of a restart would not give back is written down before the answer; the rest with the next
    /// checkpoint.
    pub(super) fn lease_keep_alive(&mut self, draft: &mut Draft, id: LeaseId) -> LeaseKeepAliveResponse {
        let now = self.environment.monotonic();
        let revision = self.revision;
        match self.lessor.get(id) {
            Some(lease) if lease.deadline > now => {
                let (ttl, recorded) = (lease.ttl, lease.recorded);
                let deadline = now + seconds(ttl);
                self.lessor.renew(id, deadline);
                if deadline > recorded + self.limits.lease_grace {
                    self.record_deadline(draft, id);
                }
                LeaseKeepAliveResponse { revision, id, ttl }
            }
            // A lease that is due is as good as gone.
            _ => LeaseKeepAliveResponse { revision, id, ttl: 0 },
        }
    }

    fn record_deadline(&mut self, draft: &mut Draft, id: LeaseId) {
        let lease = self.lessor.get(id).expect("it was just renewed, or waits for its record");
        let deadline = lease.deadline;
        draft.controls.push(self.moment().record(id, lease).set());
        let before = self.lessor.record(id, deadline).expect("it was just there");
        draft.undo.push(Undo::Recorded(id, before));
    }

    pub(super) fn lease_time_to_live(&self, id: LeaseId, keys: bool) -> LeaseTimeToLiveResponse {
        let revision = self.revision;
        let Some(lease) = self.lessor.get(id) else {
            return LeaseTimeToLiveResponse { revision, id, ttl: -1, granted_ttl: 0, keys: Vec::new() };
        };
        let remaining = lease.deadline.saturating_sub(self.environment.monotonic());
        // One that another store has granted may live on for a grace that its client knows nothing of.
        let remaining = remaining.min(seconds(lease.ttl));
        LeaseTimeToLiveResponse {
            revision,
            id,
            ttl: i64::try_from(remaining.as_secs()).unwrap_or(i64::MAX),
            granted_ttl: lease.ttl,
            keys: if keys { lease.keys.iter().cloned().collect() } else { Vec::new() },
        }
    }

    /// Writes renewed deadlines down, so that a restart does not expire a lease early.
    pub(super) fn checkpoint_leases(&mut self, draft: &mut Draft) {
        for id in self.lessor.renewed(CHECKPOINT_LEASES) {
            self.record_deadline(draft, id);
        }
    }

    /// Whether some deadline on the disk is older than the one here.
    pub(crate) fn has_renewed_leases(&self) -> bool {
        self.lessor.has_renewed()
    }

    /// How many leases there are.
    pub(crate) fn leases(&self) -> usize {
        self.lessor.len()
    }

    /// How long until the next lease is due.
    pub(crate) fn until_next_expiry(&self) -> Option<Duration> {
        let deadline = self.lessor.next_deadline()?;
        Some(deadline.saturating_sub(self.environment.monotonic()))
    }

    /// A lease that is due.
    pub(crate) fn next_expired(&self) -> Option<LeaseId> {
        self.lessor.next_expired(self.environment.monotonic())
    }

    /// Takes in a lease's record from the log.
    pub(super) fn restore_lease(&mut self, record: Record) {
        if let Record::Lease { id, ttl, deadline_ms } = record {
            let lease = self.moment().restore(ttl, deadline_ms, self.limits.lease_grace, self.limits.shares_leases);
            let recorded = lease.recorded;
            self.lessor.insert(id, lease);
            // One that begins to run now has no deadline on the disk yet.
            if recorded == Duration::ZERO {
                self.lessor.record(id, recorded);
            }
        }
    }
}

fn seconds(ttl: i64) -> Duration {
    Duration::from_secs(ttl.max(0).cast_unsigned())
}
