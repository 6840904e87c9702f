//! `etcdserverpb.KV`. Answers are framed messages.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, TxnRequest,
};
use storage_core::{RangeStream, Revision, RevisionFilter, Store, StoreError};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::FrameStream;
use crate::encode::{Header, frame_of};
use crate::{convert, encode, header, status};

/// Reads and writes of keys.
pub(crate) struct KvService {
    store: Store,
    max_request_bytes: usize,
}

impl KvService {
    pub(crate) fn new(store: Store, max_request_bytes: usize) -> Self {
        Self { store, max_request_bytes }
    }

    /// etcd's limit on what is written. The transport has its own, above this one, on what is received at all.
    fn check_size(&self, request: &impl prost::Message) -> Result<(), Status> {
        if request.encoded_len() > self.max_request_bytes {
            return Err(status::of(StoreError::TooLarge));
        }
        Ok(())
    }

    pub(crate) async fn range(&self, request: RangeRequest) -> Result<Bytes, Status> {
        let request = convert::range(&request).map_err(status::of)?;
        if is_small(&request) {
            return range(&self.store, request).await;
        }
        // In a task of its own: the connection's other requests do not wait for it.
        let store = self.store.clone();
        let answer = AbortOnDropHandle::new(tokio::spawn(async move { range(&store, request).await }));
        answer.await.map_err(|error| Status::internal(error.to_string()))?
    }

    pub(crate) fn range_stream(&self, request: &RangeRequest) -> Result<FrameStream, Status> {
        let request = convert::range_stream(request).map_err(status::of)?;
        let chunks = self.store.range_stream(request, self.max_request_bytes).map_err(status::of)?;
        Ok(chunk_stream(self.store.clone(), chunks))
    }

    pub(crate) async fn put(&self, request: PutRequest) -> Result<Bytes, Status> {
        self.check_size(&request)?;
        let request = convert::put(&request).map_err(status::of)?;
        let response = self.store.put(request).await.map_err(status::of)?;
        Ok(frame_of(&PutResponse {
            header: header::at(&self.store, response.revision),
            prev_kv: response.prev_kv.map(convert::key_value),
        }))
    }

    pub(crate) async fn delete_range(&self, request: DeleteRangeRequest) -> Result<Bytes, Status> {
        self.check_size(&request)?;
        let request = convert::delete_range(&request).map_err(status::of)?;
        let response = self.store.delete_range(request).await.map_err(status::of)?;
        Ok(frame_of(&DeleteRangeResponse {
            header: header::at(&self.store, response.revision),
            deleted: response.deleted as i64,
            prev_kvs: response.prev_kvs.into_iter().map(convert::key_value).collect(),
        }))
    }

    pub(crate) async fn txn(&self, request: TxnRequest) -> Result<Bytes, Status> {
        self.check_size(&request)?;
        let request = convert::txn(request).map_err(status::of)?;
        let response = self.store.txn(request).await.map_err(status::of)?;
        Ok(encode::txn(&Header::new(&self.store.identity(), response.revision), &response))
    }

    pub(crate) async fn compact(&self, request: CompactionRequest) -> Result<Bytes, Status> {
        let CompactionRequest { revision, physical } = request;
        let revision = self.store.compact(Revision(revision), physical).await.map_err(status::of)?;
        Ok(frame_of(&CompactionResponse { header: header::at(&self.store, revision) }))
    }
}

/// Whether the answer costs next to nothing.
fn is_small(request: &storage_core::RangeRequest) -> bool {
    const FEW_KEYS: usize = 16;
    let as_indexed = request.sort.is_none() && request.filter == RevisionFilter::default();
    request.keys.as_single().is_some() || as_indexed && (request.count_only || (1..=FEW_KEYS).contains(&request.limit))
}

async fn range(store: &Store, request: storage_core::RangeRequest) -> Result<Bytes, Status> {
    let response = store.range(request).await.map_err(status::of)?;
    Ok(encode::range(&Header::new(&store.identity(), response.revision), &response))
}

/// The chunks as messages. The next one is read when the client has taken the one before; an error ends the stream.
fn chunk_stream(store: Store, chunks: RangeStream) -> FrameStream {
    stream::unfold(Some(chunks), move |chunks| {
        let store = store.clone();
        async move {
            let mut chunks = chunks?;
            Some(match chunks.next().await? {
                Ok(chunk) => {
                    let header = |end: &storage_core::StreamEnd| Header::new(&store.identity(), end.revision);
                    (Ok(encode::range_chunk(&chunk, header)), Some(chunks))
                }
                Err(error) => (Err(status::of(error)), None),
            })
        }
    })
    .boxed()
}
