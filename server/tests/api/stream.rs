//! RangeStream.

use prost::Message as _;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::{RangeRequest, RangeResponse, RangeStreamResponse, range_request};
use tonic::Code;

use crate::common::TestServer;

fn everything() -> RangeRequest {
    RangeRequest { key: b"\0"[..].into(), range_end: b"\0"[..].into(), ..Default::default() }
}

/// A server with more than one chunk of keys.
async fn filled() -> (TestServer, KvClient<tonic::transport::Channel>) {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for n in 0..25 {
        client.put(format!("k{n:02}"), vec![b'v'; 100], None).await.unwrap();
    }
    let kv = KvClient::new(server.channel().await);
    (server, kv)
}

async fn collect(kv: &mut KvClient<tonic::transport::Channel>, request: RangeRequest) -> Vec<RangeResponse> {
    let mut stream = kv.range_stream(request).await.unwrap().into_inner();
    let mut chunks = Vec::new();
    while let Some(RangeStreamResponse { range_response }) = stream.message().await.unwrap() {
        chunks.push(range_response.expect("every message wraps a piece"));
    }
    chunks
}

#[tokio::test]
async fn the_chunks_merged_are_the_answer_of_range() {
    let (_server, mut kv) = filled().await;
    let chunks = collect(&mut kv, everything()).await;
    let mut merged = RangeResponse::default();
    for chunk in &chunks {
        merged.merge(&chunk.encode_to_vec()[..]).unwrap();
    }
    assert!(chunks.len() > 1, "the first chunk is small");
    assert_eq!(merged, kv.range(everything()).await.unwrap().into_inner());
}

#[tokio::test]
async fn only_the_last_chunk_has_header_more_and_count() {
    let (_server, mut kv) = filled().await;
    let chunks = collect(&mut kv, RangeRequest { limit: 20, revision: 26, ..everything() }).await;
    let (last, first) = chunks.split_last().unwrap();
    assert!(
        first.iter().all(|chunk| chunk.header.is_none() && !chunk.more && chunk.count == 0 && !chunk.kvs.is_empty())
    );
    assert_eq!((last.header.unwrap().revision, last.more, last.count), (26, true, 25));
}

#[tokio::test]
async fn an_empty_range_is_one_chunk_with_a_header() {
    let server = TestServer::start().await;
    let mut kv = KvClient::new(server.channel().await);
    let chunks = collect(&mut kv, everything()).await;
    assert_eq!(chunks.len(), 1);
    assert_eq!((chunks[0].header.unwrap().revision, chunks[0].count), (1, 0));
}

#[tokio::test]
async fn a_target_without_an_order_sorts_a_small_range_as_range_does() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for (key, value) in [("a", "3"), ("b", "1"), ("c", "2")] {
        client.put(key, value, None).await.unwrap();
    }
    let mut kv = KvClient::new(server.channel().await);
    for keys_only in [false, true] {
        let by_value = RangeRequest { sort_target: range_request::SortTarget::Value as i32, keys_only, ..everything() };
        let whole = kv.range(by_value.clone()).await.unwrap().into_inner();
        assert_eq!(collect(&mut kv, by_value).await, [whole]);
    }
}

#[tokio::test]
async fn orders_and_filters_are_not_offered() {
    let (_server, mut kv) = filled().await;
    let sorted = RangeRequest { sort_order: range_request::SortOrder::Descend as i32, ..everything() };
    let filtered = RangeRequest { min_mod_revision: 3, ..everything() };
    let cases = [
        (sorted, "RangeStream does not support custom sort orders"),
        (filtered, "RangeStream does not support revision filters"),
    ];
    for (request, message) in cases {
        let status = kv.range_stream(request).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unimplemented, message));
    }
}

#[tokio::test]
async fn a_compacted_revision_is_refused() {
    let (server, mut kv) = filled().await;
    server.client().await.compact(10, None).await.unwrap();
    let status = kv.range_stream(RangeRequest { revision: 5, ..everything() }).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
}
