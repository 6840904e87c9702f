//! etcd's codes and texts, which clients compare literally.

use etcd_client::{Compare, CompareOp, GetOptions, LeaseGrantOptions, PutOptions, Txn, TxnOp};
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::{
    Compare as WireCompare, MemberUpdateRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest,
    WatchRequest, request_op, watch_request,
};
use server::ServerOptions;
use storage_core::StoreOptions;
use tonic::Code::{FailedPrecondition, InvalidArgument, NotFound, OutOfRange, ResourceExhausted};

use crate::common::{TestServer, status_of};

const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const FUTURE: &str = "etcdserver: mvcc: required revision is a future revision";

#[tokio::test]
async fn a_request_without_a_key_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let expected = (InvalidArgument, "etcdserver: key is not provided".to_owned());
    assert_eq!(status_of(client.get("", None).await), expected);
    assert_eq!(status_of(client.put("", "v", None).await), expected);
    assert_eq!(status_of(client.delete("", None).await), expected);
    let compare = Txn::new().when([Compare::version("", CompareOp::Equal, 0)]);
    assert_eq!(status_of(client.txn(compare).await), expected);
    assert_eq!(status_of(client.txn(Txn::new().or_else([TxnOp::put("", "v", None)])).await), expected);
}

#[tokio::test]
async fn a_put_that_contradicts_itself_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut put = async |value: &str, options| status_of(client.put("k", value, Some(options)).await);
    let (keep_value, keep_lease) = (PutOptions::new().with_ignore_value(), PutOptions::new().with_ignore_lease());
    let missing = (InvalidArgument, "etcdserver: key not found".to_owned());
    assert_eq!(put("v", keep_value.clone()).await, (InvalidArgument, "etcdserver: value is provided".to_owned()));
    assert_eq!(put("", keep_value).await, missing);
    assert_eq!(put("v", keep_lease.clone()).await, missing);
    let both = keep_lease.with_lease(7);
    assert_eq!(put("v", both).await, (InvalidArgument, "etcdserver: lease is provided".to_owned()));
}

#[tokio::test]
async fn a_future_and_a_compacted_revision_are_out_of_range() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for _ in 0..3 {
        client.put("k", "v", None).await.unwrap();
    }
    client.compact(3, None).await.unwrap();
    let mut at = async |revision| client.get("k", Some(GetOptions::new().with_revision(revision))).await;
    assert_eq!(status_of(at(99).await), (OutOfRange, FUTURE.to_owned()));
    assert_eq!(status_of(at(2).await), (OutOfRange, COMPACTED.to_owned()));
    assert!(at(3).await.is_ok(), "the compacted revision itself can be read");
    assert_eq!(status_of(client.compact(3, None).await), (OutOfRange, COMPACTED.to_owned()));
    assert_eq!(status_of(client.compact(99, None).await), (OutOfRange, FUTURE.to_owned()));
}

#[tokio::test]
async fn leases_have_their_errors() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let unknown = (NotFound, "etcdserver: requested lease not found".to_owned());
    assert_eq!(status_of(client.lease_revoke(7).await), unknown);
    assert_eq!(status_of(client.put("k", "v", Some(PutOptions::new().with_lease(7))).await), unknown);
    let grant = |id| Some(LeaseGrantOptions::new().with_id(id));
    client.lease_grant(60, grant(7)).await.unwrap();
    let exists = (FailedPrecondition, "etcdserver: lease already exists".to_owned());
    assert_eq!(status_of(client.lease_grant(60, grant(7)).await), exists);
    let too_large = (OutOfRange, "etcdserver: too large lease TTL".to_owned());
    assert_eq!(status_of(client.lease_grant(9_000_000_001, None).await), too_large);
}

#[tokio::test]
async fn a_transaction_may_not_write_a_key_twice() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let expected = (InvalidArgument, "etcdserver: duplicate key given in txn request".to_owned());
    let twice = [TxnOp::put("k", "1", None), TxnOp::put("k", "2", None)];
    assert_eq!(status_of(client.txn(Txn::new().and_then(twice)).await), expected);
    let both = [TxnOp::put("k", "1", None), TxnOp::delete("k", None)];
    assert_eq!(status_of(client.txn(Txn::new().and_then(both)).await), expected);
}

#[tokio::test]
async fn a_transaction_has_at_most_so_many_operations() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let gets = |n| Txn::new().and_then(vec![TxnOp::get("k", None); n]);
    assert!(client.txn(gets(128)).await.is_ok());
    let expected = (InvalidArgument, "etcdserver: too many operations in txn request".to_owned());
    assert_eq!(status_of(client.txn(gets(129)).await), expected);
    let nested = Txn::new().and_then(vec![TxnOp::txn(gets(127)), TxnOp::get("k", None)]);
    assert_eq!(status_of(client.txn(nested).await), expected);
}

#[tokio::test]
async fn what_does_not_exist_on_the_wire_is_refused() {
    let server = TestServer::start().await;
    let mut kv = KvClient::new(server.channel().await);
    for request in [
        RangeRequest { key: "k".into(), sort_order: 9, ..Default::default() },
        RangeRequest { key: "k".into(), sort_target: 9, ..Default::default() },
    ] {
        let status = kv.range(request).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (InvalidArgument, "etcdserver: invalid sort option"));
    }
    let empty = TxnRequest { success: vec![RequestOp::default()], ..Default::default() };
    let status = kv.txn(empty).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (InvalidArgument, "etcdserver: key not found"));
    let relation = WireCompare { key: "k".into(), result: 9, ..Default::default() };
    let response = kv.txn(TxnRequest { compare: vec![relation], ..Default::default() }).await.unwrap();
    assert!(response.into_inner().succeeded, "etcd takes an unknown relation to hold");
}

fn put_of(bytes: usize) -> PutRequest {
    PutRequest { key: "k".into(), value: vec![b'v'; bytes].into(), ..Default::default() }
}

#[tokio::test]
async fn an_oversize_request_is_too_large_and_a_huge_one_is_not_read() {
    let options = ServerOptions { max_request_bytes: 10_000, ..Default::default() };
    let server = TestServer::with(options, StoreOptions::default()).await;
    let mut kv = KvClient::new(server.channel().await);
    kv.put(put_of(9_900)).await.unwrap();

    let status = kv.put(put_of(10_000)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (InvalidArgument, "etcdserver: request is too large"));
    let request = Some(request_op::Request::RequestPut(put_of(10_000)));
    let txn = TxnRequest { success: vec![RequestOp { request }], ..Default::default() };
    assert_eq!(kv.txn(txn).await.unwrap_err().code(), InvalidArgument);

    let status = kv.put(put_of(10_000 + 512 * 1024)).await.unwrap_err();
    assert_eq!(status.code(), ResourceExhausted);
    assert!(status.message().contains("larger than max"), "{}", status.message());
    assert!(kv.put(put_of(1)).await.is_ok(), "the connection lives on");
}

#[tokio::test]
async fn a_clients_version_that_is_no_text_is_refused() {
    let server = TestServer::start().await;
    let version = tonic::metadata::AsciiMetadataValue::try_from(&b"\xff"[..]).unwrap();
    let mut kv = KvClient::with_interceptor(server.channel().await, move |mut request: tonic::Request<()>| {
        request.metadata_mut().insert("client-api-version", version.clone());
        Ok(request)
    });
    let status = kv.range(RangeRequest { key: "k".into(), ..Default::default() }).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (InvalidArgument, "etcdserver: invalid client api version"));
}

#[tokio::test]
async fn a_huge_message_on_any_service_is_not_read() {
    let server = TestServer::start().await;
    let key = vec![b'k'; 3 << 20];
    let create = WatchCreateRequest { key: key.clone().into(), ..Default::default() };
    let create = WatchRequest { request_union: Some(watch_request::RequestUnion::CreateRequest(create)) };
    let mut watch = WatchClient::new(server.channel().await);
    let mut responses = watch.watch(futures_util::stream::iter([create])).await.unwrap().into_inner();
    assert_eq!(responses.message().await.unwrap_err().code(), ResourceExhausted);

    let update = MemberUpdateRequest { peer_ur_ls: vec![String::from_utf8(key).unwrap()], ..Default::default() };
    let status = ClusterClient::new(server.channel().await).member_update(update).await.unwrap_err();
    assert_eq!(status.code(), ResourceExhausted);
}
