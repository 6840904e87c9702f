use etcd_client::{Client, Compare, CompareOp, Txn, TxnOp, TxnOpResponse};
use proto::etcdserverpb::compare::{CompareTarget, TargetUnion};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, ResponseHeader, TxnRequest, request_op,
};

use crate::common::TestServer;

/// A server with `k` put twice, at revisions 2 and 3, with a lease.
async fn with_key() -> (TestServer, Client, i64) {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lease = client.lease_grant(60, None).await.unwrap().id();
    client.put("k", "u", None).await.unwrap();
    client.put("k", "v", Some(etcd_client::PutOptions::new().with_lease(lease))).await.unwrap();
    (server, client, lease)
}

async fn holds(client: &mut Client, compare: Compare) -> bool {
    client.txn(Txn::new().when([compare])).await.unwrap().succeeded()
}

#[tokio::test]
async fn every_target_is_compared_in_every_relation() {
    let (_server, mut client, lease) = with_key().await;
    let targets: [fn(CompareOp, i64) -> Compare; 3] = [
        |op, n| Compare::version("k", op, n + 2),
        |op, n| Compare::create_revision("k", op, n + 2),
        |op, n| Compare::mod_revision("k", op, n + 3),
    ];
    for target in targets {
        for (op, operand, expected) in [
            (CompareOp::Equal, 0, true),
            (CompareOp::Equal, 1, false),
            (CompareOp::Greater, -1, true),
            (CompareOp::Greater, 0, false),
            (CompareOp::Less, 1, true),
            (CompareOp::Less, 0, false),
            (CompareOp::NotEqual, 1, true),
            (CompareOp::NotEqual, 0, false),
        ] {
            assert_eq!(holds(&mut client, target(op, operand)).await, expected, "{op:?} {operand}");
        }
    }
    assert!(holds(&mut client, Compare::value("k", CompareOp::Equal, "v")).await);
    assert!(holds(&mut client, Compare::value("k", CompareOp::Less, "w")).await);
    assert!(holds(&mut client, Compare::lease("k", CompareOp::Equal, lease)).await);
}

#[tokio::test]
async fn a_key_that_is_not_there_is_zero_and_has_no_value() {
    let (_server, mut client, _) = with_key().await;
    assert!(holds(&mut client, Compare::version("none", CompareOp::Equal, 0)).await);
    assert!(holds(&mut client, Compare::mod_revision("none", CompareOp::Equal, 0)).await);
    assert!(!holds(&mut client, Compare::value("none", CompareOp::Equal, "")).await);
    assert!(!holds(&mut client, Compare::value("none", CompareOp::NotEqual, "v")).await);
}

#[tokio::test]
async fn every_key_of_a_range_must_match() {
    let (_server, mut client, _) = with_key().await;
    client.put("k2", "v", None).await.unwrap();
    let all = |value| Compare::value("k", CompareOp::Equal, value).with_prefix();
    assert!(holds(&mut client, all("v")).await);
    client.put("k2", "w", None).await.unwrap();
    assert!(!holds(&mut client, all("v")).await);
}

#[tokio::test]
async fn one_of_two_lists_runs_in_one_revision() {
    let (_server, mut client, _) = with_key().await;
    let txn = |version| {
        Txn::new()
            .when([Compare::version("k", CompareOp::Equal, version)])
            .and_then([TxnOp::put("a", "1", None), TxnOp::put("b", "2", None)])
            .or_else([TxnOp::get("k", None)])
    };
    let response = client.txn(txn(2)).await.unwrap();
    assert_eq!((response.succeeded(), response.header().unwrap().revision()), (true, 4));
    assert!(matches!(response.op_responses()[..], [TxnOpResponse::Put(_), TxnOpResponse::Put(_)]));
    let written = client.get("b", None).await.unwrap();
    assert_eq!(written.kvs()[0].mod_revision(), 4);

    let response = client.txn(txn(7)).await.unwrap();
    assert_eq!((response.succeeded(), response.header().unwrap().revision()), (false, 4));
    let [TxnOpResponse::Get(get)] = &response.op_responses()[..] else { panic!("one range") };
    assert_eq!(get.kvs()[0].value(), b"v");
}

#[tokio::test]
async fn an_empty_transaction_succeeds() {
    let (_server, mut client, _) = with_key().await;
    let response = client.txn(Txn::new()).await.unwrap();
    assert_eq!((response.succeeded(), response.header().unwrap().revision()), (true, 3));
}

#[tokio::test]
async fn later_operations_see_what_earlier_ones_wrote() {
    let (_server, mut client, _) = with_key().await;
    let ops = [TxnOp::put("a", "1", None), TxnOp::get("a", None), TxnOp::delete("k", None), TxnOp::get("k", None)];
    let response = client.txn(Txn::new().and_then(ops)).await.unwrap();
    let [_, TxnOpResponse::Get(a), TxnOpResponse::Delete(deleted), TxnOpResponse::Get(k)] =
        &response.op_responses()[..]
    else {
        panic!("one answer for each operation")
    };
    assert_eq!((a.kvs()[0].value(), deleted.deleted(), k.count()), (&b"1"[..], 1, 0));
}

#[tokio::test]
async fn transactions_nest_and_compare_with_the_state_before_all() {
    let (_server, mut client, _) = with_key().await;
    let inner = Txn::new()
        .when([Compare::version("a", CompareOp::Equal, 0)])
        .and_then([TxnOp::put("b", "then", None)])
        .or_else([TxnOp::put("b", "else", None)]);
    let outer = Txn::new().and_then([TxnOp::put("a", "1", None), TxnOp::txn(inner)]);
    let response = client.txn(outer).await.unwrap();
    let [_, TxnOpResponse::Txn(nested)] = &response.op_responses()[..] else { panic!("a put and a transaction") };
    assert!(nested.succeeded());
    assert_eq!(client.get("b", None).await.unwrap().kvs()[0].value(), b"then");
}

fn op(request: request_op::Request) -> RequestOp {
    RequestOp { request: Some(request) }
}

#[tokio::test]
async fn headers_inside_carry_a_revision_only_and_those_of_transactions_nothing() {
    let (server, ..) = with_key().await;
    let put = PutRequest { key: "a".into(), ..Default::default() };
    let range = RangeRequest { key: "a".into(), ..Default::default() };
    let delete = DeleteRangeRequest { key: "k".into(), prev_kv: true, ..Default::default() };
    let nested =
        TxnRequest { success: vec![op(request_op::Request::RequestRange(range.clone()))], ..Default::default() };
    let request = TxnRequest {
        success: vec![
            op(request_op::Request::RequestRange(range)),
            op(request_op::Request::RequestPut(put)),
            op(request_op::Request::RequestDeleteRange(delete)),
            op(request_op::Request::RequestTxn(nested)),
        ],
        ..Default::default()
    };
    let response = KvClient::new(server.channel().await).txn(request).await.unwrap().into_inner();
    let of_revision = |revision| Some(ResponseHeader { revision, ..Default::default() });

    let answers: Vec<Response> = response.responses.into_iter().map(|op| op.response.unwrap()).collect();
    let [
        Response::ResponseRange(range),
        Response::ResponsePut(put),
        Response::ResponseDeleteRange(delete),
        Response::ResponseTxn(nested),
    ] = &answers[..]
    else {
        panic!("one answer for each operation")
    };
    assert_eq!(range.header, of_revision(3), "nothing is written yet");
    assert_eq!((put.header, delete.header), (of_revision(4), of_revision(4)));
    assert_eq!((delete.deleted, &delete.prev_kvs[0].value[..]), (1, &b"v"[..]));
    assert_eq!(nested.header, Some(ResponseHeader::default()));
    assert!(response.header.unwrap().member_id != 0);
}

#[tokio::test]
async fn an_operand_of_another_kind_is_zero() {
    let (server, ..) = with_key().await;
    let compare = proto::etcdserverpb::Compare {
        key: "k".into(),
        target: CompareTarget::Version as i32,
        target_union: Some(TargetUnion::ModRevision(2)),
        ..Default::default()
    };
    let request = TxnRequest { compare: vec![compare], ..Default::default() };
    let response = KvClient::new(server.channel().await).txn(request).await.unwrap().into_inner();
    assert!(!response.succeeded, "the version is 2, and compared with 0");
}
