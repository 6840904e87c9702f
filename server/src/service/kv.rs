//! `etcdserverpb.KV`.

use futures_util::stream::{self, BoxStream, StreamExt};
use proto::encoded::{Kv, Message};
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, TxnRequest,
};
use storage_core::{RangeStream, Revision, RevisionFilter, Store, StoreError};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};

use crate::encode::Header;
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

    fn header(&self, revision: Revision) -> Header {
        Header::new(&self.store.identity(), revision)
    }
}

#[tonic::async_trait]
impl Kv for KvService {
    async fn range(&self, request: Request<RangeRequest>) -> Result<Response<Message>, Status> {
        let request = convert::range(request.get_ref()).map_err(status::of)?;
        if is_small(&request) {
            return range(&self.store, request).await.map(Response::new);
        }
        // In a task of its own: the connection's other requests do not wait for it.
        let store = self.store.clone();
        let answer = AbortOnDropHandle::new(tokio::spawn(async move { range(&store, request).await }));
        answer.await.map_err(|error| Status::internal(error.to_string()))?.map(Response::new)
    }

    type RangeStreamStream = BoxStream<'static, Result<Message, Status>>;

    async fn range_stream(&self, request: Request<RangeRequest>) -> Result<Response<Self::RangeStreamStream>, Status> {
        let request = convert::range_stream(request.get_ref()).map_err(status::of)?;
        let chunks = self.store.range_stream(request, self.max_request_bytes).map_err(status::of)?;
        Ok(Response::new(chunk_stream(self.store.clone(), chunks)))
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        self.check_size(request.get_ref())?;
        let request = convert::put(request.into_inner()).map_err(status::of)?;
        let response = self.store.put(request).await.map_err(status::of)?;
        Ok(Response::new(PutResponse {
            header: header::at(&self.store, response.revision),
            prev_kv: response.prev_kv.map(convert::key_value),
        }))
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        self.check_size(request.get_ref())?;
        let request = convert::delete_range(request.get_ref()).map_err(status::of)?;
        let response = self.store.delete_range(request).await.map_err(status::of)?;
        Ok(Response::new(DeleteRangeResponse {
            header: header::at(&self.store, response.revision),
            deleted: response.deleted as i64,
            prev_kvs: response.prev_kvs.into_iter().map(convert::key_value).collect(),
        }))
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<Message>, Status> {
        self.check_size(request.get_ref())?;
        let request = convert::txn(request.into_inner()).map_err(status::of)?;
        let response = self.store.txn(request).await.map_err(status::of)?;
        Ok(Response::new(encode::txn(&self.header(response.revision), &response)))
    }

    async fn compact(&self, request: Request<CompactionRequest>) -> Result<Response<CompactionResponse>, Status> {
        let CompactionRequest { revision, physical } = request.into_inner();
        let revision = self.store.compact(Revision(revision), physical).await.map_err(status::of)?;
        Ok(Response::new(CompactionResponse { header: header::at(&self.store, revision) }))
    }
}

/// Whether the answer costs next to nothing.
fn is_small(request: &storage_core::RangeRequest) -> bool {
    const FEW_KEYS: usize = 16;
    let as_indexed = request.sort.is_none() && request.filter == RevisionFilter::default();
    request.keys.as_single().is_some() || as_indexed && (request.count_only || (1..=FEW_KEYS).contains(&request.limit))
}

async fn range(store: &Store, request: storage_core::RangeRequest) -> Result<Message, Status> {
    let response = store.range(request).await.map_err(status::of)?;
    Ok(encode::range(&Header::new(&store.identity(), response.revision), &response))
}

/// The chunks as messages. The next one is read when the client has taken the one before; an error ends the stream.
fn chunk_stream(store: Store, chunks: RangeStream) -> BoxStream<'static, Result<Message, Status>> {
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
