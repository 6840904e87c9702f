//! The deterministic state machine: requests in, commits and answers out.

mod apply;
mod auth;
pub(crate) mod check;
mod cluster;
mod control;
mod draft;
mod export;
mod leases;
mod lessor;
mod load;
mod message;
pub(crate) mod txn;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;

pub(crate) use self::control::{Record, UnknownRecord};
use self::draft::{Draft, Undo};
pub(crate) use self::draft::{Effects, Evaluated};
use self::lessor::{Lessor, Moment};
pub(crate) use self::load::LoadError;
pub(crate) use self::message::{Request, Response};
use self::txn::Prefetched;
use crate::auth::{Access, AuthState};
use crate::cluster::ClusterState;
use crate::commit::Commit;
use crate::environment::Environment;
use crate::error::StoreError;
use crate::index::Index;
use crate::options::StoreOptions;
use crate::response::Alarm;
use crate::types::{CommitId, Key, LeaseId, Position, Revision, VersionId};
use crate::values::Values;

/// Who the store is to its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Chosen at random when the store was made.
    pub cluster_id: u64,
    /// Chosen at random when the store was made.
    pub member_id: u64,
    /// How many times the store was opened: `raft_term` on the wire, never 0.
    pub term: u64,
}

/// The state that requests change, as of the last one evaluated: it runs ahead of what is durable. The writer owns it.
#[derive(Debug)]
pub(crate) struct Machine {
    index: Arc<RwLock<Index>>,
    values: Arc<Values>,
    environment: Arc<dyn Environment>,
    limits: Limits,
    identity: Identity,
    position: Position,
    revision: Revision,
    compacted: Revision,
    lessor: Lessor,
    alarms: BTreeSet<Alarm>,
    /// Whether the storage holds only a part of what was to be restored.
    unfinished: bool,
    auth: Arc<AuthState>,
    cluster: Arc<ClusterState>,
    /// Values of versions that are not durable yet, and so neither in the cache nor in the backend.
    pending: HashMap<VersionId, Bytes>,
    prefetched: Prefetched,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    quota_bytes: Option<u64>,
    min_lease_ttl: i64,
    lease_grace: Duration,
    /// Other stores renew leases as well.
    shares_leases: bool,
}

impl Machine {
    pub(crate) fn new(index: Arc<RwLock<Index>>, values: Arc<Values>, options: &StoreOptions, shared: bool) -> Self {
        let limits = Limits {
            quota_bytes: options.quota_bytes,
            min_lease_ttl: options.min_lease_ttl,
            lease_grace: options.lease_checkpoint_interval,
            shares_leases: shared,
        };
        let compacted = index.read().compacted();
        Self {
            index,
            values,
            environment: Arc::clone(&options.environment),
            limits,
            identity: Identity::default(),
            position: Position(0),
            revision: Revision::FIRST,
            compacted,
            lessor: Lessor::default(),
            alarms: BTreeSet::new(),
            unfinished: false,
            auth: Arc::default(),
            cluster: Arc::default(),
            pending: HashMap::new(),
            prefetched: Prefetched::new(),
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn compacted(&self) -> Revision {
        self.compacted
    }

    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    pub(crate) fn alarms(&self) -> impl Iterator<Item = Alarm> {
        self.alarms.iter().copied()
    }

    /// Versions whose values `request` needs and which are neither pending nor cached. They are to be fetched and handed to
    /// [`Machine::evaluate`].
    pub(crate) fn missing_values(&mut self, request: &Request, access: &Access) -> Vec<VersionId> {
        self.prefetched.clear();
        let mut needed = Vec::new();
        match request {
            Request::Put(put) if put.value == crate::request::PutValue::Keep => {
                txn::needed_by_put(&self.index.read(), self.revision, put, &mut needed);
            }
            Request::Txn(txn) => {
                txn::needed_by_txn(&self.index.read(), self.revision, txn, &mut needed);
            }
            _ => {}
        }
        // Who is to be refused costs no reads.
        if needed.is_empty() || self.check_permissions(access, request).is_err() {
            return Vec::new();
        }
        needed.retain(|id| match self.value(*id) {
            Some(value) => {
                self.prefetched.insert(*id, value);
                false
            }
            None => true,
        });
        needed
    }

    /// Hands over what [`Machine::missing_values`] asked for.
    pub(crate) fn prefetch(&mut self, id: VersionId, value: Bytes) {
        self.prefetched.insert(id, value);
    }

    /// Evaluates one request on top of all before it. Its changes, if any, count from now on for later requests, but nobody
    /// else may learn of them, nor of the answer, before they are durable.
    pub(crate) fn evaluate(
        &mut self,
        request: &Request,
        access: &Access,
        used_bytes: u64,
    ) -> (Result<Response, StoreError>, Option<Evaluated>) {
        let mut draft = Draft::new(self.revision);
        let answer = self.apply(&mut draft, request, access, used_bytes);
        self.prefetched.clear();
        let evaluated = (!draft.is_empty()).then(|| self.seal(draft));
        (answer, evaluated)
    }

    fn seal(&mut self, draft: Draft) -> Evaluated {
        self.position = self.position.next();
        self.revision = draft.revision();
        let alarms = draft.changes_alarms().then(|| self.alarms().collect());
        let auth = draft.changes_auth().then(|| Arc::clone(&self.auth));
        let cluster = draft.changes_cluster().then(|| Arc::clone(&self.cluster));
        let commit = Commit {
            position: self.position,
            revision: self.revision,
            id: CommitId(self.environment.random()),
            mutations: draft.mutations,
            controls: draft.controls,
        };
        let effects =
            Effects { events: draft.events, undo: draft.undo, compacted: self.compacted, alarms, auth, cluster };
        Evaluated { commit, effects }
    }

    /// Learns that a commit became durable.
    pub(crate) fn settle(&mut self, commit: &Commit) {
        for mutation in &commit.mutations {
            self.pending.remove(&mutation.meta.id);
        }
    }

    /// Takes back commits that did not happen, the last one first, down to the state at `position` and `revision`.
    pub(crate) fn rollback(&mut self, undone: Vec<Evaluated>, position: Position, revision: Revision) {
        let mutations = undone.iter().flat_map(|e| &e.commit.mutations);
        self.index.write().rollback(revision, mutations.map(|m| &m.key));
        for evaluated in undone.into_iter().rev() {
            self.settle(&evaluated.commit);
            evaluated.effects.undo.into_iter().rev().for_each(|undo| self.undo(undo));
        }
        self.position = position;
        self.revision = revision;
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Granted(id) => drop(self.lessor.remove(id)),
            Undo::Revoked(id, lease) => {
                let recorded = lease.recorded;
                self.lessor.insert(id, lease);
                self.lessor.record(id, recorded);
            }
            Undo::Attached(id, key) => self.lessor.detach(id, &key),
            Undo::Detached(id, key) => self.lessor.attach(id, key),
            Undo::Raised(alarm) => drop(self.alarms.remove(&alarm)),
            Undo::Disarmed(alarm) => drop(self.alarms.insert(alarm)),
            Undo::Auth(before) => self.auth = before,
            Undo::Cluster(before) => self.cluster = before,
            Undo::Compacted(before) => self.compacted = before,
            Undo::Recorded(id, before) => drop(self.lessor.record(id, before)),
        }
    }

    /// A value that is at hand.
    fn value(&self, id: VersionId) -> Option<Bytes> {
        let pending = if self.pending.is_empty() { None } else { self.pending.get(&id) };
        pending.cloned().or_else(|| self.values.peek(id))
    }

    fn moment(&self) -> Moment {
        Moment { monotonic: self.environment.monotonic(), unix: self.environment.unix_time_bounds() }
    }

    /// A key's lease may be gone by now, but then so is the key.
    fn attach(&mut self, draft: &mut Draft, id: LeaseId, key: &Key) {
        self.lessor.attach(id, key.clone());
        draft.undo.push(Undo::Attached(id, key.clone()));
    }

    fn detach(&mut self, draft: &mut Draft, id: LeaseId, key: &Key) {
        self.lessor.detach(id, key);
        draft.undo.push(Undo::Detached(id, key.clone()));
    }
}
