//! A commit in the making, and how to take it back.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::AuthState;
use crate::cluster::ClusterState;
use crate::commit::{Commit, ControlChange, Mutation};
use crate::event::Event;
use crate::machine::lessor::Lease;
use crate::response::Alarm;
use crate::types::{Key, LeaseId, Revision, Sub, VersionId};

/// What one request has changed so far.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The revision before the request.
    pub(crate) begin: Revision,
    pub(crate) mutations: Vec<Mutation>,
    pub(crate) controls: Vec<ControlChange>,
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) undo: Vec<Undo>,
}

/// How to take back a change that is not in the index. Applied last to first.
#[derive(Debug)]
pub(crate) enum Undo {
    /// The lease was not there.
    Granted(LeaseId),
    /// The lease was there.
    Revoked(LeaseId, Lease),
    /// The key was not attached to the lease.
    Attached(LeaseId, Key),
    /// The key was attached to the lease.
    Detached(LeaseId, Key),
    /// The alarm was off.
    Raised(Alarm),
    /// The alarm was on.
    Disarmed(Alarm),
    /// Users, roles and whether they count, before.
    Auth(Arc<AuthState>),
    /// The members before.
    Cluster(Arc<ClusterState>),
    /// The compacted revision before.
    Compacted(Revision),
    /// The deadline that the lease's record held.
    Recorded(LeaseId, Duration),
}

/// A request's commit, evaluated but not yet durable.
#[derive(Debug)]
pub(crate) struct Evaluated {
    pub(crate) commit: Commit,
    pub(crate) effects: Effects,
}

/// What a commit means beyond itself.
#[derive(Debug)]
pub(crate) struct Effects {
    /// One for each mutation.
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) undo: Vec<Undo>,
    /// The compacted revision after it.
    pub(crate) compacted: Revision,
    /// The alarms that are on after it, if it changed that.
    pub(crate) alarms: Option<Vec<Alarm>>,
    /// The users and roles after it, if it changed them.
    pub(crate) auth: Option<Arc<AuthState>>,
    /// The members after it, if it changed them.
    pub(crate) cluster: Option<Arc<ClusterState>>,
}

impl Draft {
    pub(crate) fn new(begin: Revision) -> Self {
        Self { begin, mutations: Vec::new(), controls: Vec::new(), events: Vec::new(), undo: Vec::new() }
    }

    /// The name of the next mutation.
    pub(crate) fn next_id(&self) -> VersionId {
        let sub = u32::try_from(self.mutations.len()).expect("a commit has fewer than 2^32 mutations");
        VersionId { revision: self.begin.next(), sub: Sub(sub) }
    }

    /// The revision after what was changed so far: for response headers, and what later operations see.
    pub(crate) fn revision(&self) -> Revision {
        if self.mutations.is_empty() { self.begin } else { self.begin.next() }
    }

    pub(crate) fn changes_alarms(&self) -> bool {
        self.undo.iter().any(|undo| matches!(undo, Undo::Raised(_) | Undo::Disarmed(_)))
    }

    pub(crate) fn changes_auth(&self) -> bool {
        self.undo.iter().any(|undo| matches!(undo, Undo::Auth(_)))
    }

    pub(crate) fn changes_cluster(&self) -> bool {
        self.undo.iter().any(|undo| matches!(undo, Undo::Cluster(_)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mutations.is_empty() && self.controls.is_empty()
    }
}
