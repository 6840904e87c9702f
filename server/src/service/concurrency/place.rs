use bytes::Bytes;
use storage_core::{
    Compare, CompareTarget, DeleteRangeRequest, Key, KeyRange, LeaseId, Op, OpResponse, PutLease, PutRequest,
    RangeRequest, Relation, Revision, StoreError, TxnRequest, TxnResponse,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Queue, forwarded};
use crate::status;

/// A key in a queue: that it was created at this revision says whose it is.
pub(in crate::service) struct Place {
    queue: Queue,
    pub(in crate::service) key: Key,
    pub(in crate::service) created: Revision,
}

/// A place that was taken, or that its lease had already.
pub(in crate::service) struct Taken {
    pub(in crate::service) place: Place,
    /// The store's revision then.
    pub(in crate::service) revision: Revision,
    /// What the key held, if it was there.
    pub(in crate::service) held: Option<Bytes>,
}

impl Place {
    /// The place that a client says it has.
    pub(in crate::service) fn of(queue: Queue, key: &[u8], created: i64) -> Self {
        Self { queue, key: key.into(), created: Revision(created) }
    }

    /// Takes the place of `lease` at the end of the queue, unless it has one.
    pub(in crate::service) async fn take(queue: Queue, lease: LeaseId, value: Bytes) -> Result<Taken, Status> {
        let mut place = Self { key: queue.key(lease), queue, created: Revision(0) };
        let get = Op::Range(RangeRequest::new(KeyRange::single(place.key.clone())));
        let response = place.if_held(vec![place.put(lease, value)], vec![get]).await.map_err(forwarded)?;
        place.created = response.revision;
        let mut held = None;
        if let Some(OpResponse::Range(range)) = response.responses.into_iter().next()
            && let Some(kv) = range.kvs.into_iter().next()
        {
            place.created = kv.meta.create_revision;
            held = Some(kv.value);
        }
        Ok(Taken { place, revision: response.revision, held })
    }

    /// Changes the value of the place. Nothing has succeeded if it is lost.
    pub(in crate::service) async fn set(&self, lease: LeaseId, value: Bytes) -> Result<TxnResponse, StoreError> {
        self.if_held(vec![self.put(lease, value)], Vec::new()).await
    }

    /// Leaves the queue, if the place is not lost.
    pub(in crate::service) async fn leave(&self) -> Result<TxnResponse, StoreError> {
        let delete = DeleteRangeRequest { keys: KeyRange::single(self.key.clone()), prev_kv: false };
        self.if_held(vec![Op::DeleteRange(delete)], Vec::new()).await
    }

    async fn turn(&self, lost: &'static str) -> Result<Option<Revision>, Status> {
        if !self.queue.wait_for_turn(self.created).await? {
            return Ok(None);
        }
        let own = RangeRequest::new(KeyRange::single(self.key.clone()));
        let own = self.queue.store().range(own).await.map_err(forwarded)?;
        if own.kvs.is_empty() { Err(Status::unknown(lost)) } else { Ok(Some(own.revision)) }
    }

    fn put(&self, lease: LeaseId, value: Bytes) -> Op {
        Op::Put(PutRequest { lease: PutLease::Set(lease), ..PutRequest::new(&self.key, value) })
    }

    /// Does one thing if the key is the one of this place, or another thing if it is not.
    async fn if_held(&self, success: Vec<Op>, failure: Vec<Op>) -> Result<TxnResponse, StoreError> {
        if self.key.is_empty() {
            return Err(StoreError::EmptyKey);
        }
        let compare = Compare {
            keys: KeyRange::single(self.key.clone()),
            relation: Relation::Equal,
            target: CompareTarget::Create(self.created),
        };
        self.queue.store().txn(TxnRequest { compares: vec![compare], success, failure }).await
    }
}

impl Taken {
    /// Waits until the place is the first, and leaves the queue if that fails or `left` comes before. Answers the revision at
    /// which it was seen to be the first, where it had to wait; `lost` says that the key has gone meanwhile.
    pub(in crate::service) async fn wait(
        &self,
        left: &CancellationToken,
        lost: &'static str,
    ) -> Result<Option<Revision>, Status> {
        if left.is_cancelled() && self.held.is_some() {
            // Another call has it, and perhaps the lock.
            return Err(status::stopped());
        }
        let turn = tokio::select! {
            biased;
            () = left.cancelled() => Err(status::stopped()),
            turn = self.place.turn(lost) => turn,
        };
        if turn.is_err() {
            // If this fails too, the end of the lease ends it.
            let _ = self.place.leave().await;
        }
        turn
    }
}
