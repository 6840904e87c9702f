//! What the owner of the state knows beside the keys.

use std::sync::Arc;

use super::Machine;
use crate::export::{ExportState, ExportedLease};

impl Machine {
    pub(super) fn export(&self) -> ExportState {
        let now = self.environment.monotonic();
        let lease = |(id, lease): (_, &super::lessor::Lease)| {
            let remaining = lease.deadline.saturating_sub(now).as_millis().div_ceil(1000);
            let remaining_ttl = i64::try_from(remaining).unwrap_or(i64::MAX);
            ExportedLease { id, ttl: lease.ttl, remaining_ttl }
        };
        let mut leases: Vec<_> = self.lessor.all().map(lease).collect();
        leases.sort_unstable_by_key(|lease| lease.id);
        ExportState {
            identity: self.identity,
            position: self.position,
            revision: self.revision,
            compact_revision: self.compacted,
            leases,
            alarms: self.alarms().collect(),
            auth: Arc::clone(&self.auth),
        }
    }
}
