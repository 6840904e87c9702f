//! An ordinary client reaches the encoded services at etcd's paths.

use futures_util::stream;
use proto::{
    encoded::{self, KvServer, Message, WatchServer},
    etcdserverpb::{
        CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
        RangeRequest, RangeResponse, RangeStreamResponse, TxnRequest, TxnResponse, WatchRequest, WatchResponse,
        kv_client::KvClient, watch_client::WatchClient,
    },
};
use tonic::{Request, Response, Status, Streaming, async_trait};

type Answer<T> = Result<Response<T>, Status>;
type Once = stream::Iter<std::array::IntoIter<Result<Message, Status>, 1>>;

fn once(message: &impl prost::Message) -> Answer<Once> {
    Ok(Response::new(stream::iter([Ok(Message::of(message))])))
}

struct Fixed;

#[async_trait]
impl encoded::Kv for Fixed {
    type RangeStreamStream = Once;

    async fn range(&self, _: Request<RangeRequest>) -> Answer<Message> {
        Ok(Response::new(Message::of(&RangeResponse { count: 1, ..Default::default() })))
    }

    async fn range_stream(&self, _: Request<RangeRequest>) -> Answer<Once> {
        let range_response = Some(RangeResponse { count: 2, ..Default::default() });
        once(&RangeStreamResponse { range_response })
    }

    async fn put(&self, _: Request<PutRequest>) -> Answer<PutResponse> {
        Ok(Response::new(Default::default()))
    }

    async fn delete_range(&self, _: Request<DeleteRangeRequest>) -> Answer<DeleteRangeResponse> {
        Ok(Response::new(DeleteRangeResponse { deleted: 3, ..Default::default() }))
    }

    async fn txn(&self, _: Request<TxnRequest>) -> Answer<Message> {
        Ok(Response::new(Message::of(&TxnResponse { succeeded: true, ..Default::default() })))
    }

    async fn compact(&self, _: Request<CompactionRequest>) -> Answer<CompactionResponse> {
        Ok(Response::new(Default::default()))
    }
}

#[async_trait]
impl encoded::Watch for Fixed {
    type WatchStream = Once;

    async fn watch(&self, _: Request<Streaming<WatchRequest>>) -> Answer<Once> {
        once(&WatchResponse { watch_id: 4, ..Default::default() })
    }
}

#[tokio::test]
async fn calls_of_kv_arrive_and_their_answers_are_read() {
    let mut client = KvClient::new(KvServer::new(Fixed));
    assert_eq!(client.range(RangeRequest::default()).await.unwrap().into_inner().count, 1);
    let mut pieces = client.range_stream(RangeRequest::default()).await.unwrap().into_inner();
    assert_eq!(pieces.message().await.unwrap().unwrap().range_response.unwrap().count, 2);
    let deleted = client.delete_range(DeleteRangeRequest::default()).await.unwrap().into_inner();
    assert_eq!(deleted.deleted, 3);
    assert!(client.txn(TxnRequest::default()).await.unwrap().into_inner().succeeded);
    client.put(PutRequest::default()).await.unwrap();
    client.compact(CompactionRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_watch_arrives_and_its_responses_are_read() {
    let mut client = WatchClient::new(WatchServer::new(Fixed));
    let mut responses = client.watch(stream::empty()).await.unwrap().into_inner();
    assert_eq!(responses.message().await.unwrap().unwrap().watch_id, 4);
    assert!(responses.message().await.unwrap().is_none());
}
