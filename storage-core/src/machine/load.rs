//! Taking in what the log holds: at start, and what other writers of a shared log have appended.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use super::control::{Record, UnknownRecord};
use super::draft::Draft;
use super::lessor::Lessor;
use super::txn::Prefetched;
use super::{Evaluated, Identity, Machine};
use crate::auth::AuthRecord;
use crate::backend::{Bounds, LoadBatch};
use crate::cluster::ClusterRecord;
use crate::commit::{Commit, ControlChange};
use crate::event::{Event, PrevKv};
use crate::index::{Index, NEVER_COMPACTED};
use crate::types::{LeaseId, Position, Revision};

/// What is stored makes no sense to this version.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct LoadError(#[from] UnknownRecord);

impl Machine {
    /// Takes in a part of what [`Backend::load`](crate::Backend::load) streams.
    pub(crate) fn load(&mut self, batch: LoadBatch) -> Result<(), LoadError> {
        match batch {
            LoadBatch::Versions(versions) => {
                let mut index = self.index.write();
                for (key, meta) in versions {
                    index.push(&key, meta);
                }
            }
            LoadBatch::Controls(controls) => {
                for (key, value) in controls {
                    self.take_in(&key, Some(&value))?;
                }
            }
        }
        Ok(())
    }

    /// Ends the load: the log ended at `bounds`.
    pub(crate) fn loaded(&mut self, bounds: Bounds) {
        self.position = bounds.position;
        self.revision = bounds.revision;
        let mut index = self.index.write();
        index.publish(bounds.revision, self.compacted);
        index.visit(&crate::KeyRange::everything(), bounds.revision, |key, meta| {
            if meta.lease != LeaseId::NONE {
                self.lessor.attach(meta.lease, key.clone());
            }
            std::ops::ControlFlow::Continue(())
        });
    }

    /// The commit that every opening begins with: a new term, and what the store lacks, such as who it is if it is new.
    pub(crate) fn begin_term(&mut self) -> Evaluated {
        let mut draft = Draft::new(self.revision);
        if self.identity.cluster_id == 0 {
            // etcd's ids are never 0: clients take 0 for "unknown".
            self.identity.cluster_id = (self.environment.random() as u64) | 1;
            self.identity.member_id = (self.environment.random() as u64) | 1;
            let Identity { cluster_id, member_id, .. } = self.identity;
            draft.controls.push(Record::Identity { cluster_id, member_id }.set());
        }
        self.complete_auth(&mut draft);
        self.identity.term += 1;
        draft.controls.push(Record::Term(self.identity.term).set());
        self.seal(draft)
    }

    /// An empty machine for the same store, with an index that nobody reads.
    pub(crate) fn afresh(&self) -> Self {
        Self {
            index: Arc::new(RwLock::new(Index::new())),
            values: Arc::clone(&self.values),
            environment: Arc::clone(&self.environment),
            limits: self.limits,
            identity: self.identity,
            position: Position(0),
            revision: Revision::FIRST,
            compacted: NEVER_COMPACTED,
            lessor: Lessor::default(),
            alarms: BTreeSet::new(),
            unfinished: false,
            auth: Arc::default(),
            cluster: Arc::default(),
            pending: HashMap::new(),
            prefetched: Prefetched::new(),
        }
    }

    /// Goes on as `other`, in this one's index.
    pub(crate) fn become_other(&mut self, other: Self) {
        let index = Arc::clone(&self.index);
        *index.write() = std::mem::replace(&mut *other.index.write(), Index::new());
        *self = Self { index, identity: self.identity, ..other };
    }

    /// Answers to another name than the store's others.
    pub(crate) fn take_own_member_id(&mut self) {
        self.identity.member_id = (self.environment.random() as u64) | 1;
    }

    /// Shows what was taken in since the load, before anyone reads.
    pub(crate) fn publish(&mut self) {
        self.index.write().publish(self.revision, self.compacted);
    }

    /// Takes in a commit that another writer appended. Answers its events.
    pub(crate) fn follow(&mut self, commit: &Commit) -> Result<Vec<Arc<Event>>, LoadError> {
        assert_eq!(commit.position, self.position.next(), "commits are taken in without gaps");
        let mut events = Vec::with_capacity(commit.mutations.len());
        for mutation in &commit.mutations {
            let prev = self.index.write().push(&mutation.key, mutation.meta).filter(|before| !before.is_tombstone());
            if let Some(prev) = prev.filter(|p| p.lease != LeaseId::NONE) {
                self.lessor.detach(prev.lease, &mutation.key);
            }
            self.lessor.attach(mutation.meta.lease, mutation.key.clone());
            let prev = self.before_revision(&mutation.key, commit.revision, prev);
            let prev = prev.map(|p| match self.value(p.id) {
                Some(value) => PrevKv::known(p, value),
                None => PrevKv::unfetched(p),
            });
            let value = Bytes::copy_from_slice(&mutation.value);
            events.push(Arc::new(Event::new(mutation.key.clone(), mutation.meta, value, prev)));
        }
        for ControlChange { key, value } in &commit.controls {
            self.take_in(key, value.as_deref())?;
        }
        self.position = commit.position;
        self.revision = commit.revision;
        Ok(events)
    }

    fn take_in(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), UnknownRecord> {
        if AuthRecord::is_named(key) {
            self.take_in_auth(AuthRecord::decode(key, value).ok_or(UnknownRecord)?);
        } else if ClusterRecord::is_named(key) {
            self.take_in_cluster(ClusterRecord::decode(key, value).ok_or(UnknownRecord)?);
        } else {
            self.take_in_record(Record::decode(key, value)?, value.is_some());
        }
        Ok(())
    }

    fn take_in_record(&mut self, record: Record, present: bool) {
        match record {
            Record::Identity { cluster_id, member_id } => {
                self.identity.cluster_id = cluster_id;
                self.identity.member_id = member_id;
            }
            Record::Term(term) => self.identity.term = self.identity.term.max(term),
            Record::Compacted(revision) => self.compacted = self.compacted.max(revision),
            Record::Lease { .. } if present => self.restore_lease(record),
            Record::Lease { id, .. } => drop(self.lessor.remove(id)),
            Record::Unfinished => self.unfinished = present,
            Record::Alarm(alarm) if present => drop(self.alarms.insert(alarm)),
            Record::Alarm(alarm) => drop(self.alarms.remove(&alarm)),
        }
    }
}
