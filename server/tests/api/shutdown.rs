use futures_util::stream;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::watch_request::RequestUnion;
use proto::etcdserverpb::{RangeRequest, WatchCreateRequest, WatchRequest};
use tonic::Code;

use crate::common::{TestServer, soon};

#[tokio::test]
async fn open_watches_end_with_unavailable_and_hold_nothing_up() {
    let server = TestServer::start().await;
    let mut watch = WatchClient::new(server.channel().await);
    let create = WatchCreateRequest { key: "k".into(), ..Default::default() };
    let request = WatchRequest { request_union: Some(RequestUnion::CreateRequest(create)) };
    let requests = futures_util::StreamExt::chain(stream::iter([request]), stream::pending());
    let mut responses = watch.watch(requests).await.unwrap().into_inner();
    assert!(soon(responses.message()).await.unwrap().unwrap().created);
    let mut lease = LeaseClient::new(server.channel().await);
    let mut renewals = lease.lease_keep_alive(stream::pending()).await.unwrap().into_inner();

    server.stop();
    let status = soon(responses.message()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "etcdserver: server stopped"));
    assert_eq!(soon(renewals.message()).await.unwrap_err().code(), Code::Unavailable);
    server.stopped().await;
}

#[tokio::test]
async fn nobody_is_served_after_the_end() {
    let server = TestServer::start().await;
    let mut kv = KvClient::new(server.channel().await);
    let range = RangeRequest { key: "k".into(), ..Default::default() };
    kv.range(range.clone()).await.unwrap();
    let address = server.address();
    server.stop();
    server.stopped().await;
    assert_eq!(kv.range(range).await.unwrap_err().code(), Code::Unavailable);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_store_is_closed_with_its_server() {
    let server = TestServer::start().await;
    let store = server.store.clone();
    server.stop();
    server.stopped().await;
    let put = storage_core::PutRequest::new(b"k", b"v"[..].into());
    assert_eq!(store.put(put).await.unwrap_err(), storage_core::StoreError::Stopped);
}
