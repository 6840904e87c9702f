//! What others have appended, between being taken in and being shown.

use std::sync::Arc;

use crate::auth::AuthState;
use crate::cluster::ClusterState;
use crate::event::{Event, RevisionEvents};
use crate::machine::Machine;
use crate::response::Alarm;
use crate::types::{Position, Revision};

/// Commits of others that the machine has taken in and nobody is shown yet: requests are evaluated on top of them at once, while
/// others wait for this store's turn to end, and showing them can wait until its group is on its way.
#[derive(Debug, Default)]
pub(super) struct Followed {
    events: Vec<RevisionEvents>,
    end: Option<End>,
}

/// The state after the last of them, before anything of this store's own.
#[derive(Debug)]
pub(super) struct End {
    pub(super) position: Position,
    pub(super) revision: Revision,
    pub(super) compacted: Revision,
    pub(super) alarms: Vec<Alarm>,
    pub(super) auth: Arc<AuthState>,
    pub(super) cluster: Arc<ClusterState>,
}

impl Followed {
    /// A commit and its events, if it has any.
    pub(super) fn push(&mut self, revision: Revision, events: Vec<Arc<Event>>) {
        if !events.is_empty() {
            self.events.push(RevisionEvents { revision, events: events.into() });
        }
    }

    /// `machine` has taken in everything through `position`, and nothing else.
    pub(super) fn through(&mut self, position: Position, machine: &Machine) {
        self.end = Some(End {
            position,
            revision: machine.revision(),
            compacted: machine.compacted(),
            alarms: machine.alarms().collect(),
            auth: Arc::clone(machine.auth()),
            cluster: Arc::clone(machine.cluster()),
        });
    }

    /// All of it, which is shown then.
    pub(super) fn take(&mut self) -> (Vec<RevisionEvents>, Option<End>) {
        (std::mem::take(&mut self.events), self.end.take())
    }
}
