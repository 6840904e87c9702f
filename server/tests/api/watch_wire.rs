//! What only shows on the wire: pieces of large responses, the end of a stream, and clients that do not read.

use futures_util::stream;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{
    PutRequest, RequestOp, TxnRequest, WatchCreateRequest, WatchRequest, WatchResponse, request_op,
};
use server::ServerOptions;
use storage_core::StoreOptions;
use tonic::transport::Channel;
use tonic::{Request, Streaming};

use crate::common::{TestServer, soon};

fn create(create: WatchCreateRequest) -> WatchRequest {
    WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) }
}

/// All keys, from now on.
fn everything() -> WatchCreateRequest {
    WatchCreateRequest { range_end: b"\0"[..].into(), ..Default::default() }
}

/// A watch whose client says no more, but reads on.
async fn half_closed(channel: Channel, request: WatchCreateRequest) -> Streaming<WatchResponse> {
    let mut watch = WatchClient::new(channel).max_decoding_message_size(usize::MAX);
    let mut responses = watch.watch(stream::iter([create(request)])).await.unwrap().into_inner();
    assert!(next(&mut responses).await.created);
    responses
}

async fn next(responses: &mut Streaming<WatchResponse>) -> WatchResponse {
    soon(responses.message()).await.unwrap().expect("the stream goes on")
}

fn put(key: &str, bytes: usize) -> RequestOp {
    let put = PutRequest { key: key.to_owned().into(), value: vec![b'v'; bytes].into(), ..Default::default() };
    RequestOp { request: Some(request_op::Request::RequestPut(put)) }
}

/// A server whose responses are cut at 512 KiB and some.
async fn with_small_requests() -> TestServer {
    let options = ServerOptions { max_request_bytes: 1 << 20, ..Default::default() };
    TestServer::with(options, StoreOptions::default()).await
}

#[tokio::test]
async fn a_client_that_says_no_more_may_read_on() {
    let server = TestServer::start().await;
    let mut responses = half_closed(server.channel().await, everything()).await;
    server.client().await.put("a", "1", None).await.unwrap();
    assert_eq!(next(&mut responses).await.events.len(), 1);
}

#[tokio::test]
async fn a_large_response_comes_in_pieces_if_asked() {
    let server = with_small_requests().await;
    let mut kv = KvClient::new(server.channel().await);
    let mut whole = half_closed(server.channel().await, everything()).await;
    for key in ["a", "b", "c", "d"] {
        let request = TxnRequest { success: vec![put(key, 900_000)], ..Default::default() };
        kv.txn(request).await.unwrap();
    }
    for _ in 0..4 {
        assert_eq!(next(&mut whole).await.events.len(), 1);
    }

    let request = WatchCreateRequest { start_revision: 2, fragment: true, ..everything() };
    let mut pieces = half_closed(server.channel().await, request).await;
    let mut seen = Vec::new();
    let mut last_fragment = false;
    while seen.len() < 4 {
        let piece = next(&mut pieces).await;
        assert!(!piece.fragment || prost::Message::encoded_len(&piece) < (1 << 20) + (512 << 10));
        last_fragment = piece.fragment;
        seen.extend(piece.events.into_iter().map(|event| event.kv.unwrap().key));
    }
    assert_eq!(seen, ["a", "b", "c", "d"]);
    assert!(!last_fragment, "the last piece says that it is the last");
}

#[tokio::test]
async fn the_start_of_a_stream_needs_no_leader_and_an_empty_request_is_ignored() {
    let server = TestServer::start().await;
    let mut watch = WatchClient::new(server.channel().await);
    let requests = stream::iter([WatchRequest::default(), create(everything())]);
    let mut request = Request::new(requests);
    request.metadata_mut().insert("hasleader", "true".parse().unwrap());
    let mut responses = watch.watch(request).await.unwrap().into_inner();
    assert!(next(&mut responses).await.created);
}

#[tokio::test]
async fn a_client_that_does_not_read_costs_others_nothing_and_loses_nothing() {
    const PUTS: usize = 200;
    let server = TestServer::start().await;
    let mut stalled = half_closed(server.channel().await, everything()).await;
    let mut reading = half_closed(server.channel().await, everything()).await;

    // Far more than the windows of HTTP/2 and the ring hold.
    let mut kv = KvClient::new(server.channel().await);
    for n in 0..PUTS {
        let request =
            PutRequest { key: format!("k{n}").into(), value: vec![b'v'; 200_000].into(), ..Default::default() };
        soon(kv.put(request)).await.unwrap();
    }
    for responses in [&mut reading, &mut stalled] {
        let mut seen = 0;
        while seen < PUTS {
            for event in next(responses).await.events {
                assert_eq!(event.kv.unwrap().key, format!("k{seen}"));
                seen += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_stream_takes_ten_thousand_watches_and_gives_them_back() {
    const WATCHES: usize = 10_000;
    let server = TestServer::start().await;
    let mut watch = WatchClient::new(server.channel().await);
    let (requests, receiver) = tokio::sync::mpsc::channel(16);
    let mut responses = watch.watch(tokio_stream::wrappers::ReceiverStream::new(receiver)).await.unwrap().into_inner();
    let sender = tokio::spawn(async move {
        for n in 0..WATCHES {
            let watch = WatchCreateRequest { key: format!("k{n}").into(), ..Default::default() };
            requests.send(create(watch)).await.expect("the stream is open");
        }
        requests
    });
    for n in 0..WATCHES {
        let response = next(&mut responses).await;
        assert!(response.created && response.watch_id == n as i64);
    }
    assert_eq!(server.store.status().watch.watchers, WATCHES);
    server.client().await.put("k9999", "1", None).await.unwrap();
    assert_eq!(next(&mut responses).await.watch_id, 9999);

    drop(sender.await.unwrap());
    drop(responses);
    soon(async {
        while server.store.status().watch.watchers > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
