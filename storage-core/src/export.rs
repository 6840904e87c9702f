//! A consistent copy of a store, for files in other forms.

use std::sync::Arc;

use crate::auth::AuthState;
use crate::backend::{ScanFrom, ScanLimits};
use crate::commit::Mutation;
use crate::error::StoreError;
use crate::machine::Identity;
use crate::pins::Pin;
use crate::response::Alarm;
use crate::store::Inner;
use crate::types::{LeaseId, Position, Revision};

/// Everything that a [`Store`](crate::Store) holds at one revision, read in parts while writes go on.
///
/// While it lives, compactions are accepted and close revisions, but what they removed stays on the disk: whoever reads
/// an export must not wait for anybody slow.
#[derive(Debug)]
pub struct Export {
    store: Arc<Inner>,
    state: ExportState,
    next: Revision,
    _pin: Pin,
}

/// All of an [`Export`] that is not a key.
#[derive(Clone, Debug)]
pub struct ExportState {
    /// Who the store is.
    pub identity: Identity,
    /// The last commit's position.
    pub position: Position,
    /// The store's revision.
    pub revision: Revision,
    /// The lowest revision that can be read; -1 if it was never compacted.
    pub compact_revision: Revision,
    /// The leases, by id.
    pub leases: Vec<ExportedLease>,
    /// The alarms that are on.
    pub alarms: Vec<Alarm>,
    /// Users, roles, and whether authentication is on.
    pub auth: Arc<AuthState>,
}

/// A lease of an [`Export`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportedLease {
    /// Its id.
    pub id: LeaseId,
    /// The time it was granted, in seconds.
    pub ttl: i64,
    /// What is left of that, in seconds, rounded up.
    pub remaining_ttl: i64,
}

impl Export {
    /// `pin` must have been taken before `state` was looked at.
    pub(crate) fn new(store: Arc<Inner>, state: ExportState, pin: Pin) -> Self {
        Self { store, state, next: Revision(0), _pin: pin }
    }

    /// All that is not a key.
    #[must_use]
    pub fn state(&self) -> &ExportState {
        &self.state
    }

    /// The next versions in the order of their ids, tombstones included; those left out that a compaction at
    /// [`compact_revision`](ExportState::compact_revision) removes. Empty at the end, and only there. About a megabyte at a time.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the storage cannot be read; [`StoreError::Compacted`] if another server of the same log, which
    /// knows nothing of this export, may have removed some of it.
    pub async fn next(&mut self) -> Result<Vec<Mutation>, StoreError> {
        while self.next <= self.state.revision {
            let scan = self.store.backend.scan(ScanFrom::Revision(self.next), ScanLimits::default()).await;
            let commits = scan.map_err(|e| StoreError::from_read(&e))?;
            let Some(last) = commits.last() else { break };
            self.next = last.revision.next();
            let seen = commits.into_iter().filter(|commit| commit.revision <= self.state.revision);
            let mut versions: Vec<_> = seen.flat_map(|commit| commit.mutations).collect();
            self.drop_dead(&mut versions);
            if !versions.is_empty() {
                return Ok(versions);
            }
        }
        self.next = self.state.revision.next();
        if self.store.backend.info().shared {
            self.check_not_swept().await?;
        }
        Ok(Vec::new())
    }

    async fn check_not_swept(&self) -> Result<(), StoreError> {
        self.store.linearize().await?;
        let compact_revision = self.store.index.read().compacted();
        if compact_revision > self.state.compact_revision {
            return Err(StoreError::Compacted { compact_revision });
        }
        Ok(())
    }

    /// A compaction's sweep may have come through here or not: either way the copy is the same.
    fn drop_dead(&self, versions: &mut Vec<Mutation>) {
        let compacted = self.state.compact_revision;
        if versions.first().is_some_and(|first| first.meta.id.revision <= compacted) {
            let index = self.store.index.read();
            versions.retain(|version| index.survives(&version.key, version.meta.id, compacted));
        }
    }
}
