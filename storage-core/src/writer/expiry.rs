//! Leases that end by themselves, and the deadlines of those that do not.

use std::time::Duration;

use super::Writer;
use crate::machine::Request;

/// Expired leases revoked in one group, so that a mass expiry leaves room for requests.
const EXPIRED_PER_GROUP: usize = 256;

impl Writer {
    /// Revokes leases that are due, each by a commit of its own as in etcd, but many in a group.
    pub(super) async fn revoke_expired(&mut self) {
        if self.poisoned.is_some() || self.expiry_rests || self.closing.is_some() || !self.backend.leads() {
            return;
        }
        while self.next.expired < EXPIRED_PER_GROUP {
            let Some(id) = self.machine.next_expired() else { return };
            self.next.expired += 1;
            let commits = self.next.commits.len();
            self.ask_self(Request::LeaseRevoke(id)).await;
            // With the CORRUPT alarm on it is refused, and would be again at once.
            if self.next.commits.len() == commits {
                self.expiry_rests = true;
                return;
            }
        }
    }

    pub(super) fn until_expiry(&self) -> Option<Duration> {
        let rests = self.poisoned.is_some()
            || self.expiry_rests
            || !self.backend.leads()
            || self.next.expired >= EXPIRED_PER_GROUP;
        if rests { None } else { self.machine.until_next_expiry() }
    }

    pub(super) async fn checkpoint_leases(&mut self) {
        if self.poisoned.is_none() && self.machine.has_renewed_leases() {
            self.ask_self(Request::CheckpointLeases).await;
        }
    }
}
