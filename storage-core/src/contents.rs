//! What a storage holds, read without opening a store on it: a store would begin a term.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;

use crate::auth::AuthRecord;
use crate::backend::{Backend, Bounds, LoadBatch};
use crate::cluster::ClusterRecord;
use crate::commit::{Commit, ControlChange};
use crate::index::{Index, NEVER_COMPACTED};
use crate::machine::{LoadError, Record, UnknownRecord};
use crate::opening::load_with;
use crate::store::OpenError;
use crate::types::{Key, Revision, VersionMeta};

/// All but the versions, of which it knows how many there are. Control records may hold credentials, so it has no debug print.
pub(crate) struct Contents {
    pub(crate) bounds: Bounds,
    pub(crate) controls: BTreeMap<Bytes, Bytes>,
    pub(crate) versions: u64,
    /// Of keys and values.
    pub(crate) bytes: u64,
}

/// The same with the index of the versions.
pub(crate) struct Picture {
    pub(crate) contents: Contents,
    pub(crate) index: RwLock<Index>,
    pub(crate) compacted: Revision,
}

impl Contents {
    pub(crate) async fn read(backend: &dyn Backend) -> Result<Self, OpenError> {
        Self::read_with(backend, |_, _| {}).await
    }

    /// The same, and gives `version` each version.
    pub(crate) async fn read_with(
        backend: &dyn Backend,
        mut version: impl FnMut(&Key, VersionMeta),
    ) -> Result<Self, OpenError> {
        let mut contents = Self { bounds: Bounds::default(), controls: BTreeMap::new(), versions: 0, bytes: 0 };
        let bounds = load_with(backend, |batch| contents.take_in(batch, &mut version)).await?;
        contents.bounds = bounds;
        Ok(contents)
    }

    fn take_in(&mut self, batch: LoadBatch, version: &mut impl FnMut(&Key, VersionMeta)) -> Result<(), LoadError> {
        match batch {
            LoadBatch::Versions(versions) => {
                for (key, meta) in versions {
                    self.versions += 1;
                    self.bytes += (key.len() + meta.value_bytes()) as u64;
                    version(&key, meta);
                }
            }
            LoadBatch::Controls(controls) => {
                for (key, value) in controls {
                    check(&key, &value)?;
                    self.controls.insert(key, value);
                }
            }
        }
        Ok(())
    }

    fn record(&self, of: Record) -> Option<Record> {
        let key = of.unset().key;
        self.controls.get(&key).and_then(|value| Record::decode(&key, Some(value)).ok())
    }

    /// Chosen at random when the store was made; 0 if none was opened on the storage yet.
    pub(crate) fn cluster_id(&self) -> u64 {
        match self.record(Record::Identity { cluster_id: 0, member_id: 0 }) {
            Some(Record::Identity { cluster_id, .. }) => cluster_id,
            _ => 0,
        }
    }

    pub(crate) fn compacted(&self) -> Revision {
        match self.record(Record::Compacted(NEVER_COMPACTED)) {
            Some(Record::Compacted(revision)) => revision,
            _ => NEVER_COMPACTED,
        }
    }

    /// The mark of what was to be brought here and was not yet all.
    pub(crate) fn unfinished(&self) -> Option<&Bytes> {
        self.controls.get(&Record::Unfinished.unset().key)
    }

    pub(crate) fn leases(&self) -> usize {
        let is_lease = |key: &Bytes| matches!(Record::decode(key, None), Ok(Record::Lease { .. }));
        self.controls.keys().filter(|key| is_lease(key)).count()
    }

    /// What makes the control records those of `other`, but for the mark of what is not finished.
    pub(crate) fn changes_to(&self, other: &Self) -> Vec<ControlChange> {
        let mark = Record::Unfinished.unset().key;
        let gone = self.controls.keys().filter(|key| !other.controls.contains_key(*key));
        let gone = gone.map(|key| ControlChange { key: key.clone(), value: None });
        let set = other.controls.iter().filter(|(key, value)| self.controls.get(*key) != Some(*value));
        let set = set.map(|(key, value)| ControlChange { key: key.clone(), value: Some(value.clone()) });
        gone.chain(set).filter(|change| change.key != mark).collect()
    }
}

impl Picture {
    pub(crate) async fn take(backend: &Arc<dyn Backend>) -> Result<Self, OpenError> {
        let mut index = Index::new();
        let contents = Contents::read_with(&**backend, |key, meta| {
            index.push(key, meta);
        })
        .await?;
        let compacted = contents.compacted();
        index.publish(contents.bounds.revision, compacted);
        Ok(Self { contents, index: RwLock::new(index), compacted })
    }

    /// What a sweep leaves of `commit`. One that has begun may remove a deletion before what was deleted is read, or after.
    pub(crate) fn kept_of(&self, mut commit: Commit) -> Commit {
        let index = self.index.read();
        commit.mutations.retain(|mutation| index.survives(&mutation.key, mutation.meta.id, self.compacted));
        commit
    }
}

/// Whether this version knows the record.
fn check(key: &[u8], value: &[u8]) -> Result<(), LoadError> {
    let known = if AuthRecord::is_named(key) {
        AuthRecord::decode(key, Some(value)).is_some()
    } else if ClusterRecord::is_named(key) {
        ClusterRecord::decode(key, Some(value)).is_some()
    } else {
        Record::decode(key, Some(value)).is_ok()
    };
    if known { Ok(()) } else { Err(UnknownRecord.into()) }
}
