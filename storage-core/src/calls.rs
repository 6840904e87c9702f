//! The store's requests, one method each.

use crate::auth::AuthChange;
use crate::cluster::{ClusterChange, ClusterState};
use crate::error::StoreError;
use crate::export::Export;
use crate::hash;
use crate::machine::check::{check_delete, check_put, check_range, check_txn, put_bytes, txn_bytes};
use crate::machine::txn::{self, Prefetched};
use crate::machine::{Request, Response};
use crate::range_stream::RangeStream;
use crate::read::{self, ReadError};
use crate::request::{AlarmKind, DeleteRangeRequest, Op, PutRequest, RangeRequest, TxnRequest};
use crate::response::{
    Alarm, DeleteRangeResponse, HashKvResponse, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseTimeToLiveResponse,
    OpResponse, PutResponse, RangeResponse, TxnResponse,
};
use crate::store::Store;
use crate::types::{LeaseId, Revision};
use std::sync::Arc;

/// Takes the one kind of answer that a request has.
macro_rules! expect_answer {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Response::$kind(response) => response,
            other => unreachable!("the machine answered with another kind: {other:?}"),
        }
    };
}

/// What fails once a write is durable must not be taken for its refusal.
fn once_written(error: impl Into<StoreError>) -> StoreError {
    let error: StoreError = error.into();
    StoreError::Unknown(format!("the write is done, but not all of its answer can be had: {error}"))
}

impl Store {
    /// Reads one key or a range.
    ///
    /// # Errors
    /// [`StoreError::EmptyKey`], [`StoreError::Compacted`], [`StoreError::FutureRevision`], or [`StoreError::Failed`] if the
    /// storage cannot be read.
    pub async fn range(&self, request: RangeRequest) -> Result<RangeResponse, StoreError> {
        check_range(&request)?;
        self.check_open()?;
        if !request.serializable {
            self.inner.linearize().await?;
        }
        let response = self.inner.unswept(|| self.range_once(&request)).await?;
        self.inner.counters.ranges.increment();
        Ok(response)
    }

    async fn range_once(&self, request: &RangeRequest) -> Result<RangeResponse, ReadError> {
        let permit = self.permit(|check| check.read(&request.keys))?;
        let _pin = self.inner.pins.pin();
        let mut response = read::collect(&self.inner.index, request)?;
        self.confirm(permit)?;
        read::fill(&mut response, &self.inner.values).await?;
        Ok(response)
    }

    /// Reads a range in parts of about `chunk_bytes`, all at the revision at which it began. A target of a sort without an order
    /// sorts each part by itself.
    ///
    /// # Errors
    /// As [`Store::range`], and [`StoreError::StreamSort`] or [`StoreError::StreamFilter`] for what needs the whole range at once.
    pub fn range_stream(&self, request: RangeRequest, chunk_bytes: usize) -> Result<RangeStream, StoreError> {
        self.check_open()?;
        check_range(&request)?;
        let permit = self.permit(|check| check.read(&request.keys))?;
        let stream = RangeStream::open(self.inner.clone(), permit, request, chunk_bytes)?;
        self.inner.counters.ranges.increment();
        Ok(stream)
    }

    /// Writes one key.
    ///
    /// # Errors
    /// [`StoreError::EmptyKey`], [`StoreError::KeyNotFound`], [`StoreError::LeaseNotFound`], [`StoreError::NoSpace`], or why it
    /// could not be made durable.
    pub async fn put(&self, request: PutRequest) -> Result<PutResponse, StoreError> {
        check_put(&request)?;
        let bytes = self.check_size(put_bytes(&request))?;
        let _pin = self.inner.pins.pin();
        let mut response = expect_answer!(self.ask(Request::Put(request), bytes).await?, Put);
        read::fill(&mut response, &self.inner.values).await.map_err(once_written)?;
        Ok(response)
    }

    /// Deletes one key or a range, in one revision.
    ///
    /// # Errors
    /// [`StoreError::EmptyKey`], or why it could not be made durable.
    pub async fn delete_range(&self, request: DeleteRangeRequest) -> Result<DeleteRangeResponse, StoreError> {
        check_delete(&request)?;
        let bytes = self.check_size(request.keys.start().len())?;
        let _pin = self.inner.pins.pin();
        let mut response = expect_answer!(self.ask(Request::DeleteRange(request), bytes).await?, DeleteRange);
        read::fill(&mut response, &self.inner.values).await.map_err(once_written)?;
        Ok(response)
    }

    /// Runs a transaction, in one revision.
    ///
    /// # Errors
    /// Those of the operations, [`StoreError::TooManyOps`], [`StoreError::DuplicateKey`], or why it could not be made durable.
    /// Nothing of it was applied then.
    pub async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, StoreError> {
        check_txn(&request, self.inner.options.max_txn_ops)?;
        let bytes = self.check_size(txn_bytes(&request))?;
        if txn::is_read_only(&request) {
            if !txn::is_serializable(&request) {
                self.inner.linearize().await?;
            }
            let response = self.inner.unswept(|| self.read_txn(&request)).await?;
            self.inner.counters.txn(&request, &response);
            return Ok(response);
        }
        let _pin = self.inner.pins.pin();
        let mut response = expect_answer!(self.ask(Request::Txn(request), bytes).await?, Txn);
        read::fill(&mut response, &self.inner.values).await.map_err(once_written)?;
        Ok(response)
    }

    /// A transaction that only reads takes the way of reads, at one revision.
    async fn read_txn(&self, request: &TxnRequest) -> Result<TxnResponse, ReadError> {
        self.check_open()?;
        let _pin = self.inner.pins.pin();
        let permit = self.permit(|check| check.txn(request, &|_| None))?;
        let inner = &self.inner;
        let (current, needed) = {
            let index = inner.index.read();
            let current = index.published();
            let mut needed = Vec::new();
            txn::needed_by_txn(&index, current, request, &mut needed);
            (current, needed)
        };
        let values = inner.values.get(&needed).await.map_err(|e| StoreError::from_read(&e))?;
        let values = needed.iter().zip(values).map(|(id, v)| v.map(|v| (*id, v)).ok_or(ReadError::Missing));
        let values = values.collect::<Result<Prefetched, _>>()?;
        let path = {
            let index = inner.index.read();
            let path = txn::decide(&index, current, request, &values);
            txn::check_path(&index, current, index.compacted(), request, &path, &|_| true)?;
            path
        };
        let mut responses = Vec::new();
        for op in path.ops(request) {
            let Op::Range(range) = op else { unreachable!("it only reads") };
            responses.push(OpResponse::Range(read::collect_at(&inner.index, range, current)?));
        }
        self.confirm(permit)?;
        let mut response = TxnResponse { revision: current, succeeded: path.succeeded, responses };
        read::fill(&mut response, &inner.values).await?;
        Ok(response)
    }

    /// Closes all revisions below `revision` and, in the background, removes what only they could see; `physical` waits until that
    /// is done. Answers the current revision.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] if it is already, [`StoreError::FutureRevision`], or why it could not be made durable.
    pub async fn compact(&self, revision: Revision, physical: bool) -> Result<Revision, StoreError> {
        let current = expect_answer!(self.ask(Request::Compact(revision), 0).await?, Revision);
        if physical {
            self.swept(revision).await.map_err(once_written)?;
        }
        Ok(current)
    }

    /// Grants a lease of `ttl` seconds; [`LeaseId::NONE`] lets the store choose the id.
    ///
    /// # Errors
    /// [`StoreError::LeaseExists`], [`StoreError::LeaseTtlTooLarge`], [`StoreError::NoSpace`], or why it could not be made durable.
    pub async fn lease_grant(&self, id: LeaseId, ttl: i64) -> Result<LeaseGrantResponse, StoreError> {
        Ok(expect_answer!(self.ask(Request::LeaseGrant { id, ttl }, 0).await?, LeaseGrant))
    }

    /// Ends a lease and deletes its keys, in one revision. Answers the revision after it.
    ///
    /// # Errors
    /// [`StoreError::LeaseNotFound`], or why it could not be made durable.
    pub async fn lease_revoke(&self, id: LeaseId) -> Result<Revision, StoreError> {
        Ok(expect_answer!(self.ask(Request::LeaseRevoke(id), 0).await?, Revision))
    }

    /// Renews a lease. One that is not there, or due, is no error: its answer has a TTL of 0.
    ///
    /// # Errors
    /// Why the new deadline could not be made durable.
    pub async fn lease_keep_alive(&self, id: LeaseId) -> Result<LeaseKeepAliveResponse, StoreError> {
        Ok(expect_answer!(self.ask(Request::LeaseKeepAlive(id), 0).await?, LeaseKeepAlive))
    }

    /// What is left of a lease. One that is not there is no error: its answer has a TTL of -1.
    ///
    /// # Errors
    /// [`StoreError::Stopped`], [`StoreError::TooManyRequests`].
    pub async fn lease_time_to_live(&self, id: LeaseId, keys: bool) -> Result<LeaseTimeToLiveResponse, StoreError> {
        Ok(expect_answer!(self.ask(Request::LeaseTimeToLive { id, keys }, 0).await?, LeaseTimeToLive))
    }

    /// All leases, the next to expire first, and the store's revision.
    ///
    /// # Errors
    /// [`StoreError::Stopped`], [`StoreError::TooManyRequests`].
    pub async fn leases(&self) -> Result<(Revision, Vec<LeaseId>), StoreError> {
        match self.ask(Request::Leases, 0).await? {
            Response::Leases(revision, leases) => Ok((revision, leases)),
            other => unreachable!("the machine answered with another kind: {other:?}"),
        }
    }

    /// The alarms that are on.
    ///
    /// # Errors
    /// [`StoreError::Stopped`], [`StoreError::TooManyRequests`].
    pub async fn alarms(&self) -> Result<Vec<Alarm>, StoreError> {
        Ok(expect_answer!(self.ask(Request::Alarms, 0).await?, Alarms))
    }

    /// Begins a consistent copy of the store: everything at its revision of now, read in parts while writes go on.
    ///
    /// # Errors
    /// [`StoreError::Auth`] if the caller is not root, [`StoreError::Stopped`], [`StoreError::TooManyRequests`].
    pub async fn export(&self) -> Result<Export, StoreError> {
        // Before the compacted revision is looked at, so that no sweep is ahead of it.
        let pin = self.inner.pins.pin();
        self.inner.linearize().await?;
        let state = expect_answer!(self.ask(Request::Export, 0).await?, Export);
        Ok(Export::new(Arc::clone(&self.inner), state, pin))
    }

    /// Turns an alarm on. Answers it.
    ///
    /// # Errors
    /// Why it could not be made durable.
    pub async fn raise_alarm(&self, member_id: u64, kind: AlarmKind) -> Result<Vec<Alarm>, StoreError> {
        Ok(expect_answer!(self.ask(Request::RaiseAlarm { member_id, kind }, 0).await?, Alarms))
    }

    /// Turns an alarm off. Answers it if it was on.
    ///
    /// # Errors
    /// Why it could not be made durable.
    pub async fn disarm_alarm(&self, member_id: u64, kind: AlarmKind) -> Result<Vec<Alarm>, StoreError> {
        Ok(expect_answer!(self.ask(Request::DisarmAlarm { member_id, kind }, 0).await?, Alarms))
    }

    /// Changes users, roles, or whether they count. Takes a position and no revision; answers the store's revision. What changes
    /// nothing, such as turning on what is on, is no error.
    ///
    /// # Errors
    /// [`StoreError::Auth`] if the caller is not root or the change breaks a rule, [`StoreError::TooLarge`], or why it could not
    /// be made durable.
    pub async fn change_auth(&self, change: AuthChange) -> Result<Revision, StoreError> {
        let bytes = self.check_size(change.bytes())?;
        Ok(expect_answer!(self.ask(Request::ChangeAuth(change), bytes).await?, Revision))
    }

    /// The members that were added or updated, as durable as keys are.
    #[must_use]
    pub fn cluster(&self) -> Arc<ClusterState> {
        self.inner.shared.cluster.load_full()
    }

    /// Changes the members. Takes a position and no revision; answers the members after it. `own_peer_urls` are those of the store's
    /// own member unless an update has changed them.
    ///
    /// # Errors
    /// [`StoreError::Auth`] if the caller is not root, [`StoreError::Cluster`] if the change breaks a rule, [`StoreError::TooLarge`],
    /// or why it could not be made durable.
    pub async fn change_cluster(
        &self,
        change: ClusterChange,
        own_peer_urls: &[String],
    ) -> Result<Arc<ClusterState>, StoreError> {
        let bytes = self.check_size(change.bytes())?;
        let request = Request::ChangeCluster { change, own_peer_urls: own_peer_urls.to_vec() };
        Ok(expect_answer!(self.ask(request, bytes).await?, Cluster))
    }

    /// The hash of every kept version up to `revision`, as etcd computes it; 0 is the current revision.
    ///
    /// # Errors
    /// As [`Store::range`].
    pub async fn hash_kv(&self, revision: Revision) -> Result<HashKvResponse, StoreError> {
        self.check_open()?;
        self.inner.linearize().await?;
        self.check_admin()?;
        self.inner.unswept(|| hash::hash_kv(&self.inner, revision)).await
    }

    /// A hash of everything that is stored, swept or not, and the store's revision. Two stores have the same only if their
    /// histories are the same; compare [`Store::hash_kv`] for less.
    ///
    /// # Errors
    /// As [`Store::range`].
    pub async fn hash(&self) -> Result<(Revision, u32), StoreError> {
        let hash = self.hash_kv(Revision(0)).await?;
        Ok((hash.revision, hash.hash))
    }

    /// A request's size, if it is allowed.
    fn check_size(&self, bytes: usize) -> Result<usize, StoreError> {
        if bytes > self.inner.options.max_request_bytes { Err(StoreError::TooLarge) } else { Ok(bytes) }
    }
}
