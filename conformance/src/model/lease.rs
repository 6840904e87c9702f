//! Leases, by a clock that only [`Model::tick`] moves.

use std::time::Duration;

use storage_core::{
    DeleteRangeRequest, Key, KeyRange, LeaseGrantResponse, LeaseId, LeaseKeepAliveResponse, LeaseTimeToLiveResponse,
    Revision, StoreError,
};

use super::Model;

/// etcd's longest lease.
const MAX_TTL: i64 = 9_000_000_000;
/// etcd's shortest lease with its default election timeout.
const MIN_TTL: i64 = 2;

#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    ttl: i64,
    deadline: Duration,
}

fn seconds(ttl: i64) -> Duration {
    Duration::from_secs(ttl.unsigned_abs())
}

impl Model {
    /// Grants a lease. The store chooses the id where the request has none; give the model that choice.
    ///
    /// # Errors
    /// As the store.
    pub fn lease_grant(&mut self, id: LeaseId, ttl: i64) -> Result<LeaseGrantResponse, StoreError> {
        if ttl > MAX_TTL {
            return Err(StoreError::LeaseTtlTooLarge);
        }
        if self.leases.contains_key(&id) {
            return Err(StoreError::LeaseExists);
        }
        let ttl = ttl.max(MIN_TTL);
        self.leases.insert(id, Lease { ttl, deadline: self.now + seconds(ttl) });
        Ok(LeaseGrantResponse { revision: self.revision, id, ttl })
    }

    /// Ends a lease and deletes its keys, in their order and in one revision.
    ///
    /// # Errors
    /// As the store.
    pub fn lease_revoke(&mut self, id: LeaseId) -> Result<Revision, StoreError> {
        self.leases.remove(&id).ok_or(StoreError::LeaseNotFound)?;
        let keys = self.keys_of(id);
        self.write(|write| {
            for key in keys {
                write.delete_range(&DeleteRangeRequest { keys: KeyRange::single(key), prev_kv: false });
            }
        });
        Ok(self.revision)
    }

    /// Renews a lease.
    pub fn lease_keep_alive(&mut self, id: LeaseId) -> LeaseKeepAliveResponse {
        let (now, revision) = (self.now, self.revision);
        let renewed = self.leases.get_mut(&id).map(|lease| {
            lease.deadline = now + seconds(lease.ttl);
            lease.ttl
        });
        LeaseKeepAliveResponse { revision, id, ttl: renewed.unwrap_or(0) }
    }

    /// What is left of a lease.
    #[must_use]
    pub fn lease_time_to_live(&self, id: LeaseId, keys: bool) -> LeaseTimeToLiveResponse {
        let (ttl, granted_ttl) = self.leases.get(&id).map_or((-1, 0), |lease| {
            let left = lease.deadline.saturating_sub(self.now);
            (i64::try_from(left.as_secs()).expect("a lease ends within 2^63 seconds"), lease.ttl)
        });
        let keys = if keys && granted_ttl > 0 { self.keys_of(id) } else { Vec::new() };
        LeaseTimeToLiveResponse { revision: self.revision, id, ttl, granted_ttl, keys }
    }

    /// All leases, the next to expire first.
    #[must_use]
    pub fn leases(&self) -> Vec<LeaseId> {
        let mut leases: Vec<_> = self.leases.iter().map(|(id, lease)| (lease.deadline, *id)).collect();
        leases.sort();
        leases.into_iter().map(|(_, id)| id).collect()
    }

    /// Lets time pass. What is due after it expires, each lease in a revision of its own.
    pub fn tick(&mut self, by: Duration) {
        self.now += by;
        for id in self.leases() {
            if self.leases[&id].deadline <= self.now {
                self.lease_revoke(id).expect("it is there");
            }
        }
    }

    /// Takes over what a reopened store says is left of a lease: no less than was left, at most `grace` more, and never more
    /// than the whole lease.
    ///
    /// # Errors
    /// If the store says otherwise.
    pub fn lease_reopened(&mut self, id: LeaseId, left: Duration, grace: Duration) -> Result<(), String> {
        let lease = self.leases.get_mut(&id).expect("the lease is known");
        let was_left = lease.deadline.saturating_sub(self.now);
        let most = (was_left + grace).min(seconds(lease.ttl));
        if left < was_left || left > most {
            return Err(format!("lease {id} had {was_left:?} left, at most {most:?} with grace, and now has {left:?}"));
        }
        lease.deadline = self.now + left;
        Ok(())
    }

    fn keys_of(&self, id: LeaseId) -> Vec<Key> {
        self.keys_at(self.revision).into_values().filter(|kv| kv.meta.lease == id).map(|kv| kv.key.clone()).collect()
    }
}
