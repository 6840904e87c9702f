use super::record::ClusterRecord;
use super::state::{ClusterState, Member};

/// A change of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterChange {
    /// Adds one, whose id the store chooses. It never starts.
    AddMember(Member),
    /// Removes one.
    RemoveMember(u64),
    /// Gives one other URLs.
    UpdateMember {
        /// Which one.
        id: u64,
        /// Its URLs from now on.
        peer_urls: Vec<String>,
    },
    /// Gives a learner a vote, which fails: it has not started.
    PromoteMember(u64),
    /// Begins a downgrade to a version that the caller has found to be possible.
    EnableDowngrade(String),
    /// Ends it.
    CancelDowngrade,
}

/// Why a change of the members is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// There is no such member.
    #[error("member not found")]
    MemberNotFound,
    /// Another member has one of these URLs.
    #[error("Peer URLs already exists")]
    PeerUrlsExist,
    /// One learner is the most there may be.
    #[error("too many learner members in cluster")]
    TooManyLearners,
    /// The members that have started would not be the most of those with a vote.
    #[error("re-configuration failed due to not enough started members")]
    NotEnoughStartedMembers,
    /// A member that does not answer has a vote, so that a learner cannot be added.
    #[error("unhealthy cluster")]
    Unhealthy,
    /// Only a learner can be promoted.
    #[error("can only promote a learner member")]
    NotLearner,
    /// No learner ever is.
    #[error("can only promote a learner member which is in sync with leader")]
    LearnerNotReady,
    /// There is a downgrade already.
    #[error("cluster has a downgrade job in progress")]
    DowngradeInProgress,
}

/// The members as a change finds them.
pub(crate) struct Cluster<'a> {
    pub(crate) state: &'a ClusterState,
    pub(crate) own_id: u64,
    /// What the server says of its own URLs; an update that is stored counts more.
    pub(crate) own_peer_urls: &'a [String],
}

impl ClusterChange {
    /// About how many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::AddMember(Member { peer_urls, .. }) | Self::UpdateMember { peer_urls, .. } => {
                peer_urls.iter().map(|url| url.len() + size_of::<u32>()).sum()
            }
            Self::EnableDowngrade(target) => target.len(),
            Self::RemoveMember(_) | Self::PromoteMember(_) | Self::CancelDowngrade => 0,
        }
    }

    /// The record that makes the change, if it changes anything. `new_id` is for a member that is added.
    pub(crate) fn record(&self, cluster: &Cluster<'_>, new_id: u64) -> Result<Option<ClusterRecord>, ClusterError> {
        let downgrade = cluster.state.downgrade();
        Ok(Some(match self {
            Self::AddMember(member) => {
                cluster.check_add(member)?;
                ClusterRecord::Member(new_id, Some(member.clone()))
            }
            Self::RemoveMember(id) => {
                cluster.check_remove(*id)?;
                ClusterRecord::Member(*id, None)
            }
            Self::UpdateMember { id, peer_urls } => {
                let is_learner = cluster.is_learner(*id)?;
                cluster.check_urls(peer_urls, Some(*id))?;
                ClusterRecord::Member(*id, Some(Member { peer_urls: peer_urls.clone(), is_learner }))
            }
            Self::PromoteMember(id) => {
                let ready =
                    if cluster.is_learner(*id)? { ClusterError::LearnerNotReady } else { ClusterError::NotLearner };
                return Err(ready);
            }
            Self::EnableDowngrade(_) if downgrade.is_some() => return Err(ClusterError::DowngradeInProgress),
            Self::EnableDowngrade(target) => ClusterRecord::Downgrade(Some(target.clone())),
            Self::CancelDowngrade if downgrade.is_none() => return Ok(None),
            Self::CancelDowngrade => ClusterRecord::Downgrade(None),
        }))
    }
}

impl Cluster<'_> {
    fn is_learner(&self, id: u64) -> Result<bool, ClusterError> {
        match self.state.members().get(&id) {
            Some(member) => Ok(member.is_learner),
            None if id == self.own_id => Ok(false),
            None => Err(ClusterError::MemberNotFound),
        }
    }

    fn others(&self) -> impl Iterator<Item = &Member> {
        self.state.members().iter().filter(|(id, _)| **id != self.own_id).map(|(_, member)| member)
    }

    fn check_add(&self, added: &Member) -> Result<(), ClusterError> {
        if self.others().any(|member| !member.is_learner) {
            let refusal =
                if added.is_learner { ClusterError::Unhealthy } else { ClusterError::NotEnoughStartedMembers };
            return Err(refusal);
        }
        self.check_urls(&added.peer_urls, None)?;
        if added.is_learner && self.others().any(|member| member.is_learner) {
            return Err(ClusterError::TooManyLearners);
        }
        Ok(())
    }

    fn check_remove(&self, id: u64) -> Result<(), ClusterError> {
        self.is_learner(id)?;
        if id == self.own_id { Err(ClusterError::NotEnoughStartedMembers) } else { Ok(()) }
    }

    /// Whether no member but `id` has one of the URLs.
    fn check_urls(&self, urls: &[String], id: Option<u64>) -> Result<(), ClusterError> {
        let of_config = (!self.state.members().contains_key(&self.own_id)).then_some((self.own_id, self.own_peer_urls));
        let of_records = self.state.members().iter().map(|(id, member)| (*id, &member.peer_urls[..]));
        let mut others = of_records.chain(of_config).filter(|(other, _)| Some(*other) != id);
        if others.any(|(_, theirs)| urls.iter().any(|url| theirs.contains(url))) {
            return Err(ClusterError::PeerUrlsExist);
        }
        Ok(())
    }
}
