//! `etcdserverpb.KV`. Answers are framed messages.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, TxnRequest,
};
use storage_core::{Op, RangeStream, Revision, RevisionFilter, Store, StoreError};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::FrameStream;
use crate::access::Sender;
use crate::compaction::{ClientCompaction, compact_for_client};
use crate::encode::{Header, frame_of};
use crate::options::ServerOptions;
use crate::{convert, encode, header, status};

/// Reads and writes of keys, as the request's sender may do them.
pub(crate) struct KvService {
    max_request_bytes: usize,
    client_compaction: ClientCompaction,
}

impl KvService {
    pub(crate) fn new(options: &ServerOptions) -> Self {
        let ServerOptions { max_request_bytes, client_compaction, .. } = *options;
        Self { max_request_bytes, client_compaction }
    }

    /// etcd's limit on what is written. The transport has its own, above this one, on what is received at all.
    fn check_size(&self, request: &impl prost::Message) -> Result<(), Status> {
        if request.encoded_len() > self.max_request_bytes {
            return Err(status::of(StoreError::TooLarge));
        }
        Ok(())
    }

    pub(crate) async fn range(&self, sender: Sender, request: RangeRequest) -> Result<Bytes, Status> {
        let request = convert::range(&request).map_err(status::of)?;
        if is_small(&request) {
            return range(&sender, request).await;
        }
        apart(async move { range(&sender, request).await }).await
    }

    pub(crate) async fn range_stream(&self, sender: Sender, request: RangeRequest) -> Result<FrameStream, Status> {
        let request = convert::range_stream(&request).map_err(status::of)?;
        let store = if request.serializable { sender.store().clone() } else { sender.newest_store().await? };
        let chunks = store.range_stream(request, self.max_request_bytes).map_err(status::of)?;
        Ok(chunk_stream(store, chunks))
    }

    pub(crate) async fn put(&self, sender: Sender, request: PutRequest) -> Result<Bytes, Status> {
        self.check_size(&request)?;
        let request = convert::put(&request).map_err(status::of)?;
        let response = sender.ask(request, |store, request| async move { store.put(request).await }).await?;
        frame_of(&PutResponse {
            header: header::at(sender.store(), response.revision),
            prev_kv: response.prev_kv.map(convert::key_value),
        })
    }

    pub(crate) async fn delete_range(&self, sender: Sender, request: DeleteRangeRequest) -> Result<Bytes, Status> {
        self.check_size(&request)?;
        let request = convert::delete_range(&request).map_err(status::of)?;
        if little_deleted(&request) {
            return delete_range(&sender, request).await;
        }
        apart(async move { delete_range(&sender, request).await }).await
    }

    pub(crate) async fn txn(&self, sender: Sender, request: TxnRequest) -> Result<Bytes, Status> {
        self.check_size(&request)?;
        let request = convert::txn(request).map_err(status::of)?;
        if answers_little(&request) {
            return txn(&sender, request).await;
        }
        apart(async move { txn(&sender, request).await }).await
    }

    pub(crate) async fn compact(&self, sender: Sender, request: CompactionRequest) -> Result<Bytes, Status> {
        let CompactionRequest { revision, physical } = request;
        let store = sender.store();
        let (rule, revision) = (self.client_compaction, Revision(revision));
        let revision = compact_for_client(store, rule, revision, physical).await.map_err(status::of)?;
        frame_of(&CompactionResponse { header: header::at(store, revision) })
    }
}

/// A large answer in a task of its own: the connection's other requests do not wait for it.
async fn apart(answer: impl Future<Output = Result<Bytes, Status>> + Send + 'static) -> Result<Bytes, Status> {
    let answer = AbortOnDropHandle::new(tokio::spawn(answer));
    answer.await.map_err(|error| Status::internal(error.to_string()))?
}

/// Whether the answer costs next to nothing.
fn is_small(request: &storage_core::RangeRequest) -> bool {
    const FEW_KEYS: usize = 16;
    let as_indexed = request.sort.is_none() && request.filter == RevisionFilter::default();
    request.keys.as_single().is_some() || as_indexed && (request.count_only || (1..=FEW_KEYS).contains(&request.limit))
}

fn little_deleted(request: &storage_core::DeleteRangeRequest) -> bool {
    !request.prev_kv || request.keys.as_single().is_some()
}

/// Whether the same holds for a transaction, whichever branches run.
fn answers_little(txn: &storage_core::TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).all(|op| match op {
        Op::Range(request) => is_small(request),
        Op::Put(_) => true,
        Op::DeleteRange(request) => little_deleted(request),
        Op::Txn(inner) => answers_little(inner),
    })
}

async fn range(sender: &Sender, request: storage_core::RangeRequest) -> Result<Bytes, Status> {
    let response = sender.ask(request, |store, request| async move { store.range(request).await }).await?;
    encode::range(&Header::new(&sender.store().identity(), response.revision), &response)
}

async fn delete_range(sender: &Sender, request: storage_core::DeleteRangeRequest) -> Result<Bytes, Status> {
    let response = sender.ask(request, |store, request| async move { store.delete_range(request).await }).await?;
    frame_of(&DeleteRangeResponse {
        header: header::at(sender.store(), response.revision),
        deleted: response.deleted as i64,
        prev_kvs: response.prev_kvs.into_iter().map(convert::key_value).collect(),
    })
}

async fn txn(sender: &Sender, request: storage_core::TxnRequest) -> Result<Bytes, Status> {
    let response = sender.ask(request, |store, request| async move { store.txn(request).await }).await?;
    encode::txn(&Header::new(&sender.store().identity(), response.revision), &response)
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
                    (encode::range_chunk(&chunk, header), Some(chunks))
                }
                Err(error) => (Err(status::of(error)), None),
            })
        }
    })
    .boxed()
}
