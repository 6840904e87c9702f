//! The reference model: etcd's semantics over a plain map of versions, written to be read, not to be fast.
//!
//! It shares the engine's types for requests and answers and nothing else, so that both can be asked the same and their
//! answers compared. Where etcd has a quirk the model has it too, with the place in etcd's source that it comes from.

mod auth;
mod hash;
mod lease;
mod range;
mod txn;
mod watch;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use storage_core::{
    DeleteRangeRequest, DeleteRangeResponse, Key, KeyRange, KeyValue, LeaseId, PutLease, PutRequest, PutResponse,
    PutValue, Revision, StoreError, Sub, VersionId, VersionMeta,
};

pub use self::auth::{Asker, AuthModel};
use self::lease::Lease;
pub use self::watch::{History, Prev};

/// A store's whole state. A clone is another possible course of events.
#[derive(Clone, Debug)]
pub struct Model {
    /// Every version there ever was, tombstones included. Compaction hides versions; none is ever removed.
    versions: BTreeMap<VersionId, KeyValue>,
    revision: Revision,
    compacted: Revision,
    leases: BTreeMap<LeaseId, Lease>,
    now: Duration,
    max_txn_ops: usize,
}

impl Model {
    /// An empty store, whose transactions have at most `max_txn_ops` operations.
    #[must_use]
    pub fn new(max_txn_ops: usize) -> Self {
        Self {
            versions: BTreeMap::new(),
            revision: Revision(1),
            compacted: Revision(-1),
            leases: BTreeMap::new(),
            now: Duration::ZERO,
            max_txn_ops,
        }
    }

    /// The current revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The lowest revision that can be read; -1 if nothing was ever compacted.
    #[must_use]
    pub fn compacted(&self) -> Revision {
        self.compacted
    }

    /// The keys that exist at `revision`, each with the newest version at or below it.
    fn keys_at(&self, revision: Revision) -> BTreeMap<Key, &KeyValue> {
        let mut keys = BTreeMap::new();
        for kv in self.versions.values().take_while(|kv| kv.meta.mod_revision() <= revision) {
            if kv.meta.is_tombstone() {
                keys.remove(&kv.key);
            } else {
                keys.insert(kv.key.clone(), kv);
            }
        }
        keys
    }

    /// At which revision a request wants to be read, if it can be.
    fn readable(&self, requested: Revision) -> Result<Revision, StoreError> {
        match requested {
            r if r.0 <= 0 => Ok(self.revision),
            r if r > self.revision => Err(StoreError::FutureRevision),
            r if r < self.compacted => Err(StoreError::Compacted { compact_revision: self.compacted }),
            r => Ok(r),
        }
    }

    /// Writes one key.
    ///
    /// # Errors
    /// As the store.
    pub fn put(&mut self, put: &PutRequest) -> Result<PutResponse, StoreError> {
        txn::named(&put.key)?;
        self.check_put(put)?;
        Ok(self.write(|write| write.put(put)))
    }

    /// Deletes one key or a range.
    ///
    /// # Errors
    /// As the store.
    pub fn delete_range(&mut self, delete: &DeleteRangeRequest) -> Result<DeleteRangeResponse, StoreError> {
        txn::named(delete.keys.start())?;
        Ok(self.write(|write| write.delete_range(delete)))
    }

    /// Closes the revisions below `revision`.
    ///
    /// # Errors
    /// As the store.
    pub fn compact(&mut self, revision: Revision) -> Result<Revision, StoreError> {
        if revision <= self.compacted {
            return Err(StoreError::Compacted { compact_revision: self.compacted });
        }
        if revision > self.revision {
            return Err(StoreError::FutureRevision);
        }
        self.compacted = revision;
        Ok(self.revision)
    }

    /// The lease is looked up before the key, as in etcd's `checkPut`.
    fn check_put(&self, put: &PutRequest) -> Result<(), StoreError> {
        if let PutLease::Set(lease) = put.lease
            && lease != LeaseId::NONE
            && !self.leases.contains_key(&lease)
        {
            return Err(StoreError::LeaseNotFound);
        }
        let keeps = put.value == PutValue::Keep || put.lease == PutLease::Keep;
        if keeps && !self.keys_at(self.revision).contains_key(&put.key) {
            return Err(StoreError::KeyNotFound);
        }
        Ok(())
    }

    /// Runs what changes keys; all of it gets one revision, if it changes any.
    fn write<T>(&mut self, run: impl FnOnce(&mut Write<'_>) -> T) -> T {
        let mut write = Write { model: self, subs: 0 };
        let answer = run(&mut write);
        let revision = write.revision();
        self.revision = revision;
        answer
    }
}

/// A write under way. Until it ends the model's revision is the one before it.
#[derive(Debug)]
struct Write<'a> {
    model: &'a mut Model,
    subs: u32,
}

impl Write<'_> {
    /// What an operation sees: nothing new until something was written.
    fn revision(&self) -> Revision {
        if self.subs == 0 { self.model.revision } else { self.model.revision.next() }
    }

    fn live(&self, keys: &KeyRange) -> Vec<KeyValue> {
        let live = self.model.keys_at(self.revision());
        live.into_values().filter(|kv| keys.contains(&kv.key)).cloned().collect()
    }

    fn add(&mut self, key: &Key, value: Bytes, meta: impl FnOnce(VersionId) -> VersionMeta) {
        let id = VersionId { revision: self.model.revision.next(), sub: Sub(self.subs) };
        self.model.versions.insert(id, KeyValue { key: key.clone(), meta: meta(id), value });
        self.subs += 1;
    }

    fn put(&mut self, put: &PutRequest) -> PutResponse {
        let prev = self.live(&KeyRange::single(put.key.clone())).pop();
        let kept = |what: &str| prev.as_ref().unwrap_or_else(|| panic!("{what} was checked to be there"));
        let value = match &put.value {
            PutValue::Set(value) => value.clone(),
            PutValue::Keep => kept("the value").value.clone(),
        };
        let lease = match put.lease {
            PutLease::Set(lease) => lease,
            PutLease::Keep => kept("the lease").meta.lease,
        };
        let life = prev.as_ref().map(|kv| (kv.meta.create_revision, kv.meta.version));
        let value_bytes = value.len();
        self.add(&put.key, value, |id| {
            let (create_revision, version) = life.unwrap_or((id.revision, 0));
            VersionMeta::put(id, create_revision, version + 1, lease, value_bytes)
        });
        PutResponse { revision: self.revision(), prev_kv: prev.filter(|_| put.prev_kv) }
    }

    fn delete_range(&mut self, delete: &DeleteRangeRequest) -> DeleteRangeResponse {
        let found = self.live(&delete.keys);
        for kv in &found {
            self.add(&kv.key, Bytes::new(), VersionMeta::tombstone);
        }
        let deleted = found.len();
        let prev_kvs = if delete.prev_kv { found } else { Vec::new() };
        DeleteRangeResponse { revision: self.revision(), deleted, prev_kvs }
    }
}
