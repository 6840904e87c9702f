//! The cluster's part in the state machine.

use std::sync::Arc;

use super::Machine;
use super::draft::{Draft, Undo};
use crate::cluster::{Cluster, ClusterChange, ClusterError, ClusterRecord, ClusterState};

impl Machine {
    /// The members as of the last request evaluated.
    pub(crate) fn cluster(&self) -> &Arc<ClusterState> {
        &self.cluster
    }

    pub(super) fn change_cluster(
        &mut self,
        draft: &mut Draft,
        change: &ClusterChange,
        own_peer_urls: &[String],
    ) -> Result<Arc<ClusterState>, ClusterError> {
        let cluster = Cluster { state: &self.cluster, own_id: self.identity.member_id, own_peer_urls };
        if let Some(record) = change.record(&cluster, (self.environment.random() as u64) | 1)? {
            draft.undo.push(Undo::Cluster(Arc::clone(&self.cluster)));
            draft.controls.push(record.change());
            self.take_in_cluster(record);
        }
        Ok(Arc::clone(&self.cluster))
    }

    pub(super) fn take_in_cluster(&mut self, record: ClusterRecord) {
        Arc::make_mut(&mut self.cluster).take_in(record);
    }
}
