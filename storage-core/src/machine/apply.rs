//! What each request does to the state.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::control::Record;
use super::draft::{Draft, Undo};
use super::message::{Request, Response};
use super::{Machine, txn};
use crate::auth::Access;
use crate::commit::Mutation;
use crate::error::StoreError;
use crate::event::{Event, PrevKv};
use crate::key_range::KeyRange;
use crate::read;
use crate::request::{AlarmKind, DeleteRangeRequest, Op, PutLease, PutRequest, PutValue, TxnRequest};
use crate::response::{Alarm, DeleteRangeResponse, KeyValue, OpResponse, PutResponse, TxnResponse};
use crate::types::{Key, LeaseId, Revision, VersionMeta};

impl Machine {
    pub(super) fn apply(
        &mut self,
        draft: &mut Draft,
        request: &Request,
        access: &Access,
        used_bytes: u64,
    ) -> Result<Response, StoreError> {
        self.check_caller(access, request)?;
        let cost = quota_cost(request);
        self.refuse_by_alarms(request, cost)?;
        self.check_permissions(access, request)?;
        // Unlike etcd's, this comes last: who may not write must not be able to stop the writes of others by an alarm.
        self.check_quota(draft, used_bytes, cost)?;
        match request {
            Request::Put(put) => {
                let exists = |id| self.lessor.contains(id);
                txn::check_put_applies(&self.index.read(), self.revision, put, &exists)?;
                Ok(Response::Put(self.put(draft, put)))
            }
            Request::DeleteRange(delete) => Ok(Response::DeleteRange(self.delete_range(draft, delete))),
            Request::Txn(txn) => self.txn(draft, txn).map(Response::Txn),
            Request::Compact(revision) => self.compact(draft, *revision),
            Request::LeaseGrant { id, ttl } => self.lease_grant(draft, *id, *ttl).map(Response::LeaseGrant),
            Request::LeaseRevoke(id) => self.lease_revoke(draft, *id).map(Response::Revision),
            Request::LeaseKeepAlive(id) => Ok(Response::LeaseKeepAlive(self.lease_keep_alive(draft, *id))),
            Request::LeaseTimeToLive { id, keys } => Ok(Response::LeaseTimeToLive(self.lease_time_to_live(*id, *keys))),
            Request::Leases => Ok(Response::Leases(self.revision, self.lessor.by_deadline().collect())),
            Request::Alarms => Ok(Response::Alarms(self.alarms().collect())),
            Request::Export => Ok(Response::Export(self.export())),
            Request::RaiseAlarm { member_id, kind } => {
                let alarm = Alarm { member_id: *member_id, kind: *kind };
                self.raise(draft, alarm);
                Ok(Response::Alarms(vec![alarm]))
            }
            Request::DisarmAlarm { member_id, kind } => {
                let alarm = Alarm { member_id: *member_id, kind: *kind };
                Ok(Response::Alarms(Vec::from_iter(self.disarm(draft, alarm))))
            }
            Request::ChangeAuth(change) => Ok(Response::Revision(self.change_auth(draft, change)?)),
            Request::ChangeCluster { change, own_peer_urls } => {
                Ok(Response::Cluster(self.change_cluster(draft, change, own_peer_urls)?))
            }
            Request::CheckpointLeases => {
                self.checkpoint_leases(draft);
                Ok(Response::Revision(self.revision))
            }
        }
    }

    /// As in etcd, with the CORRUPT alarm on no keys and leases are written any more, and with the NOSPACE alarm on nothing that
    /// needs space. Users and roles may still be changed.
    fn refuse_by_alarms(&self, request: &Request, cost: u64) -> Result<(), StoreError> {
        if self.alarms.is_empty() {
            return Ok(());
        }
        let writes = match request {
            Request::Put(_)
            | Request::DeleteRange(_)
            | Request::Compact(_)
            | Request::LeaseGrant { .. }
            | Request::LeaseRevoke(_) => true,
            Request::Txn(txn) => !txn::is_read_only(txn),
            _ => false,
        };
        if writes && self.alarms.iter().any(|a| a.kind == AlarmKind::Corrupt) {
            return Err(StoreError::Corrupt);
        }
        if cost > 0 && self.alarms.iter().any(|a| a.kind == AlarmKind::NoSpace) {
            return Err(StoreError::NoSpace);
        }
        Ok(())
    }

    /// Refuses what brings `cost` bytes if the quota is exhausted, and raises the alarm.
    fn check_quota(&mut self, draft: &mut Draft, used_bytes: u64, cost: u64) -> Result<(), StoreError> {
        if cost == 0 {
            return Ok(());
        }
        if self.limits.quota_bytes.is_some_and(|quota| used_bytes + cost >= quota) {
            self.raise(draft, Alarm { member_id: self.identity.member_id, kind: AlarmKind::NoSpace });
            return Err(StoreError::NoSpace);
        }
        Ok(())
    }

    fn raise(&mut self, draft: &mut Draft, alarm: Alarm) {
        if self.alarms.insert(alarm) {
            draft.controls.push(Record::Alarm(alarm).set());
            draft.undo.push(Undo::Raised(alarm));
        }
    }

    fn disarm(&mut self, draft: &mut Draft, alarm: Alarm) -> Option<Alarm> {
        let was_on = self.alarms.remove(&alarm);
        was_on.then(|| {
            draft.controls.push(Record::Alarm(alarm).unset());
            draft.undo.push(Undo::Disarmed(alarm));
            alarm
        })
    }

    fn compact(&mut self, draft: &mut Draft, revision: Revision) -> Result<Response, StoreError> {
        if revision <= self.compacted {
            return Err(StoreError::Compacted { compact_revision: self.compacted });
        }
        if revision > self.revision {
            return Err(StoreError::FutureRevision);
        }
        draft.undo.push(Undo::Compacted(self.compacted));
        draft.controls.push(Record::Compacted(revision).set());
        self.compacted = revision;
        Ok(Response::Revision(self.revision))
    }

    fn txn(&mut self, draft: &mut Draft, txn: &TxnRequest) -> Result<TxnResponse, StoreError> {
        let index = self.index.read();
        let path = txn::decide(&index, self.revision, txn, &self.prefetched);
        // A compaction counts from its evaluation on, as all that was evaluated before.
        txn::check_path(&index, self.revision, self.compacted, txn, &path, &|id| self.lessor.contains(id))?;
        drop(index);
        let mut response = self.run(draft, txn, &path);
        response.revision = draft.revision();
        Ok(response)
    }

    fn run(&mut self, draft: &mut Draft, txn: &TxnRequest, path: &txn::Path) -> TxnResponse {
        let mut inner = path.inner.iter();
        let ops = path.ops(txn);
        let mut responses = Vec::with_capacity(ops.len());
        for op in ops {
            responses.push(match op {
                Op::Range(range) => OpResponse::Range(
                    read::collect_within(&self.index.read(), range, draft.revision())
                        .expect("the revision was checked before anything was applied"),
                ),
                Op::Put(put) => OpResponse::Put(self.put(draft, put)),
                Op::DeleteRange(delete) => OpResponse::DeleteRange(self.delete_range(draft, delete)),
                Op::Txn(txn) => {
                    let path = inner.next().expect("every inner transaction was decided");
                    OpResponse::Txn(self.run(draft, txn, path))
                }
            });
        }
        TxnResponse { revision: Revision(0), succeeded: path.succeeded, responses }
    }

    fn put(&mut self, draft: &mut Draft, put: &PutRequest) -> PutResponse {
        let id = draft.next_id();
        let prev = self.index.read().get(&put.key, id.revision).map(|(_, meta)| *meta);
        let value = match (&put.value, &prev) {
            // A value of a request shares the buffer it came in, which is larger and must not live as long.
            (PutValue::Set(value), _) => Bytes::copy_from_slice(value),
            (PutValue::Keep, Some(prev)) => txn::value_of(prev, &self.prefetched),
            (PutValue::Keep, None) => unreachable!("checked before anything was applied"),
        };
        let prev_lease = prev.map_or(LeaseId::NONE, |p| p.lease);
        let lease = match put.lease {
            PutLease::Set(lease) => lease,
            PutLease::Keep => prev_lease,
        };
        let (create, version) = prev.map_or((id.revision, 1), |p| (p.create_revision, p.version + 1));
        let meta = VersionMeta::put(id, create, version, lease, value.len());
        if lease != prev_lease {
            if prev_lease != LeaseId::NONE {
                self.detach(draft, prev_lease, &put.key);
            }
            if lease != LeaseId::NONE {
                self.attach(draft, lease, &put.key);
            }
        }
        let prev_value = self.mutate(draft, put.key.clone(), meta, value, prev);
        let prev_kv = prev.filter(|_| put.prev_kv);
        PutResponse { revision: id.revision, prev_kv: prev_kv.map(|p| prev_kv_of(&put.key, p, prev_value)) }
    }

    fn delete_range(&mut self, draft: &mut Draft, delete: &DeleteRangeRequest) -> DeleteRangeResponse {
        let mut prev_kvs = Vec::new();
        let keys = self.live_keys(&delete.keys, draft.revision());
        let deleted = keys.len();
        for (key, prev) in keys {
            let prev_value = self.delete(draft, &key, prev);
            if delete.prev_kv {
                prev_kvs.push(prev_kv_of(&key, prev, prev_value));
            }
        }
        DeleteRangeResponse { revision: draft.revision(), deleted, prev_kvs }
    }

    fn live_keys(&self, keys: &KeyRange, at: Revision) -> Vec<(Key, VersionMeta)> {
        let mut found = Vec::new();
        self.index.read().visit(keys, at, |key, meta| {
            found.push((key.clone(), *meta));
            ControlFlow::Continue(())
        });
        found
    }

    /// Writes the tombstone of a key that exists. Answers its value if it is at hand.
    pub(super) fn delete(&mut self, draft: &mut Draft, key: &Key, prev: VersionMeta) -> Option<Bytes> {
        if prev.lease != LeaseId::NONE {
            self.detach(draft, prev.lease, key);
        }
        let meta = VersionMeta::tombstone(draft.next_id());
        self.mutate(draft, key.clone(), meta, Bytes::new(), Some(prev))
    }

    /// Puts a version into the index and the draft. Answers the value before if it is at hand.
    fn mutate(
        &mut self,
        draft: &mut Draft,
        key: Key,
        meta: VersionMeta,
        value: Bytes,
        prev: Option<VersionMeta>,
    ) -> Option<Bytes> {
        let at_hand = |p: VersionMeta| if p.value_bytes() == 0 { Some(Bytes::new()) } else { self.value(p.id) };
        let prev_value = prev.and_then(at_hand);
        let before = self.before_revision(&key, meta.mod_revision(), prev);
        let before_value = if before == prev { prev_value.clone() } else { before.and_then(at_hand) };
        let prev_kv = before.map(|p| match before_value {
            Some(value) => PrevKv::known(p, value),
            None => PrevKv::unfetched(p),
        });
        self.index.write().push(&key, meta);
        if !value.is_empty() {
            self.pending.insert(meta.id, value.clone());
        }
        draft.events.push(Arc::new(Event::new(key.clone(), meta, value.clone(), prev_kv)));
        draft.mutations.push(Mutation { key, meta, value });
        prev_value
    }
}

impl Machine {
    /// What a watch is told of as the version before: the one before the revision, while `prev`, the one before the mutation, may
    /// be of an earlier operation of the same commit.
    pub(super) fn before_revision(&self, key: &Key, at: Revision, prev: Option<VersionMeta>) -> Option<VersionMeta> {
        match prev {
            Some(p) if p.mod_revision() == at => self.index.read().get(key, Revision(at.0 - 1)).map(|(_, meta)| *meta),
            _ => prev,
        }
    }
}

/// What the quota reckons a request to bring.
fn quota_cost(request: &Request) -> u64 {
    const LEASE_OVERHEAD: u64 = 64;
    match request {
        Request::Put(put) => txn::put_cost(put),
        Request::Txn(txn) => txn::quota_cost(txn),
        Request::LeaseGrant { .. } => LEASE_OVERHEAD,
        _ => 0,
    }
}

fn prev_kv_of(key: &Key, meta: VersionMeta, value: Option<Bytes>) -> KeyValue {
    KeyValue { key: key.clone(), meta, value: value.unwrap_or_default() }
}
