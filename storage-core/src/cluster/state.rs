use std::collections::BTreeMap;

use super::record::ClusterRecord;

/// The members besides what the server knows of itself, and whether they are about to be of an older version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterState {
    members: BTreeMap<u64, Member>,
    downgrade: Option<String>,
}

/// A member as it was added, or as it was last updated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Where other members are to find it. Never contacted.
    pub peer_urls: Vec<String>,
    /// Whether it is to have no vote.
    pub is_learner: bool,
}

impl ClusterState {
    /// The members by id. The store's own is among them only if its URLs were updated.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<u64, Member> {
        &self.members
    }

    /// The version that the cluster is to be downgraded to, while such a job is on.
    #[must_use]
    pub fn downgrade(&self) -> Option<&str> {
        self.downgrade.as_deref()
    }

    pub(crate) fn take_in(&mut self, record: ClusterRecord) {
        match record {
            ClusterRecord::Member(id, Some(member)) => drop(self.members.insert(id, member)),
            ClusterRecord::Member(id, None) => drop(self.members.remove(&id)),
            ClusterRecord::Downgrade(target) => self.downgrade = target,
        }
    }
}
