//! What each call needs.

use etcd_client::{
    AlarmAction, AlarmType, Compare, CompareOp, DeleteOptions, GetOptions, Permission, PutOptions, Txn, TxnOp,
};
use futures_util::TryStreamExt as _;
use proto::etcdserverpb::RangeRequest;
use proto::etcdserverpb::kv_client::KvClient;
use tonic::Code::FailedPrecondition;
use tonic::Request;

use super::*;

fn prev() -> Option<PutOptions> {
    Some(PutOptions::new().with_prev_key())
}

fn prefix() -> Option<GetOptions> {
    Some(GetOptions::new().with_prefix())
}

#[tokio::test]
async fn a_reader_reads_its_keys_and_no_others() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    let mut alice = log_in(&server, "alice").await;
    assert!(alice.get("a", prefix()).await.is_ok());
    assert!(alice.get("ab", None).await.is_ok());
    assert_eq!(status_of(alice.get("b", None).await), DENIED);
    let beyond = Some(GetOptions::new().with_range("c"));
    assert_eq!(status_of(alice.get("ab", beyond).await), DENIED);
    assert_eq!(status_of(alice.get("a", Some(GetOptions::new().with_from_key())).await), DENIED);
    assert_eq!(status_of(alice.put("a", "v", None).await), DENIED);
    assert_eq!(status_of(alice.delete("a", None).await), DENIED);
}

#[tokio::test]
async fn a_writer_writes_its_keys_and_sees_nothing() {
    let server = guarded(Permission::write("a").with_prefix()).await;
    let mut alice = log_in(&server, "alice").await;
    alice.put("a", "v", None).await.unwrap();
    alice.delete("a", Some(DeleteOptions::new().with_prefix())).await.unwrap();
    assert_eq!(status_of(alice.put("b", "v", None).await), DENIED);
    assert_eq!(status_of(alice.get("a", None).await), DENIED);
    assert_eq!(status_of(alice.put("a", "v", prev()).await), DENIED);
    assert_eq!(status_of(alice.delete("a", Some(DeleteOptions::new().with_prev_key())).await), DENIED);
}

#[tokio::test]
async fn whoever_may_do_both_sees_what_was_there() {
    let server = guarded(Permission::read_write("a").with_prefix()).await;
    let mut alice = log_in(&server, "alice").await;
    alice.put("a", "v", prev()).await.unwrap();
    let deleted = alice.delete("a", Some(DeleteOptions::new().with_prev_key())).await.unwrap();
    assert_eq!(deleted.prev_kvs()[0].value(), b"v");
}

#[tokio::test]
async fn who_has_no_name_is_refused_and_root_is_not() {
    let server = guarded(Permission::read("a")).await;
    let mut nobody = server.client().await;
    assert_eq!(status_of(nobody.get("a", None).await), EMPTY);
    assert_eq!(status_of(nobody.put("a", "v", None).await), EMPTY);
    assert_eq!(status_of(nobody.delete("a", None).await), EMPTY);
    assert_eq!(status_of(nobody.txn(Txn::new().or_else([TxnOp::put("a", "v", None)])).await), EMPTY);
    let mut root = log_in(&server, "root").await;
    root.put("z", "v", prev()).await.unwrap();
    root.get("", Some(GetOptions::new().with_all_keys())).await.unwrap();
}

#[tokio::test]
async fn all_of_a_transaction_must_be_allowed_whichever_branch_runs() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    let mut root = log_in(&server, "root").await;
    for permission in [Permission::write("aw").with_prefix(), Permission::write("w").with_prefix()] {
        root.role_grant_permission("reader", permission).await.unwrap();
    }
    let mut alice = log_in(&server, "alice").await;
    let compare = |key: &str| Compare::version(key, CompareOp::Equal, 0);
    let (get, put) = (|key: &str| TxnOp::get(key, None), |key: &str| TxnOp::put(key, "v", None));
    let nested = |op: TxnOp| TxnOp::txn(Txn::new().and_then([TxnOp::txn(Txn::new().or_else([op]))]));

    let allowed = Txn::new().when([compare("ac")]).and_then([get("ar"), put("aw")]).or_else([nested(put("w"))]);
    assert!(alice.txn(allowed).await.unwrap().succeeded());
    for denied in [
        Txn::new().when([compare("w")]),
        Txn::new().when([compare("a")]).or_else([put("ar")]),
        Txn::new().when([compare("a").with_range("z")]),
        Txn::new().and_then([get("w")]),
        Txn::new().or_else([get("w")]),
        Txn::new().and_then([nested(put("ar"))]),
        Txn::new().and_then([nested(get("b"))]),
        Txn::new().and_then([TxnOp::put("w", "v", prev())]),
        Txn::new().and_then([TxnOp::delete("w", Some(DeleteOptions::new().with_prev_key()))]),
        Txn::new().and_then([TxnOp::delete("a", Some(DeleteOptions::new().with_prefix()))]),
    ] {
        assert_eq!(status_of(alice.txn(denied.clone()).await), DENIED, "{denied:?}");
    }
    assert_eq!(root.get("w", Some(GetOptions::new().with_from_key())).await.unwrap().count(), 0);
}

#[tokio::test]
async fn a_range_that_comes_in_parts_is_checked_too() {
    let server = guarded(Permission::read("a").with_prefix()).await;
    log_in(&server, "root").await.put("a1", "v", None).await.unwrap();
    let token = token_of(&server, "alice").await;
    let mut kv = KvClient::new(server.channel().await);
    let mut stream = async |key: &'static str, range_end: &'static str| {
        let message = RangeRequest { key: key.into(), range_end: range_end.into(), ..Default::default() };
        let mut request = Request::new(message);
        request.metadata_mut().insert("token", token.parse().unwrap());
        let parts = kv.range_stream(request).await.map_err(|status| (status.code(), status.message().to_owned()))?;
        Ok(parts.into_inner().try_collect::<Vec<_>>().await.unwrap().len())
    };
    assert_eq!(stream("a", "b").await, Ok(1));
    assert_eq!(stream("a", "c").await, Err((DENIED.0, DENIED.1.to_owned())));
}

#[tokio::test]
async fn what_is_the_cluster_s_is_root_s_and_some_is_every_user_s() {
    let server = guarded(Permission::read_write("a").with_from_key()).await;
    let (mut alice, mut nobody) = (log_in(&server, "alice").await, server.client().await);
    for (client, refusal) in [(&mut alice, DENIED), (&mut nobody, EMPTY)] {
        assert_eq!(status_of(client.compact(1, None).await), refusal);
        assert_eq!(status_of(client.defragment().await), refusal);
        assert_eq!(status_of(client.hash().await), refusal);
        assert_eq!(status_of(client.hash_kv(0).await), refusal);
        assert_eq!(status_of(client.move_leader(1).await), refusal);
        assert_eq!(status_of(client.member_add(["http://h:2380"], None).await), refusal);
        assert_eq!(status_of(client.member_remove(1).await), refusal);
        assert_eq!(status_of(client.member_update(1, vec!["http://h:2380".to_owned()]).await), refusal);
        assert_eq!(status_of(client.member_promote(1).await), refusal);
        let alarm = client.alarm(AlarmAction::Activate, AlarmType::Nospace, None).await;
        assert_eq!(status_of(alarm), refusal);
        let alarm = client.alarm(AlarmAction::Deactivate, AlarmType::None, None).await;
        assert_eq!(status_of(alarm), refusal);
        let mut snapshot = client.snapshot().await;
        if let Ok(stream) = &mut snapshot {
            assert_eq!(status_of(stream.message().await), refusal);
        } else {
            assert_eq!(status_of(snapshot), refusal);
        }
    }
    assert_eq!(status_of(nobody.status().await), EMPTY);
    assert_eq!(status_of(nobody.member_list().await), EMPTY);
    assert_eq!(status_of(nobody.alarm(AlarmAction::Get, AlarmType::None, None).await), EMPTY);
    alice.status().await.unwrap();
    alice.member_list().await.unwrap();
    alice.alarm(AlarmAction::Get, AlarmType::None, None).await.unwrap();
    let mut root = log_in(&server, "root").await;
    root.compact(1, None).await.unwrap();
    root.defragment().await.unwrap();
    root.hash().await.unwrap();
    assert_eq!(status_of(root.move_leader(1).await).0, FailedPrecondition);
}

#[tokio::test]
async fn permissions_of_several_roles_add_up_and_end_at_once() {
    let server = guarded(Permission::read("a").with_range_end("b")).await;
    let (mut root, mut alice) = (log_in(&server, "root").await, log_in(&server, "alice").await);
    let range = || Some(GetOptions::new().with_range("c"));
    assert_eq!(status_of(alice.get("a", range()).await), DENIED);
    root.role_add("more").await.unwrap();
    root.role_grant_permission("more", Permission::read("b").with_range_end("c")).await.unwrap();
    root.user_grant_role("alice", "more").await.unwrap();
    assert!(alice.get("a", range()).await.is_ok(), "a simple token lives on through changes");
    root.role_delete("more").await.unwrap();
    assert_eq!(status_of(alice.get("a", range()).await), DENIED);
    root.user_delete("alice").await.unwrap();
    assert_eq!(status_of(alice.get("a", None).await), INVALID_TOKEN);
}

#[tokio::test]
async fn the_server_s_own_health_needs_no_user() {
    let server = guarded(Permission::read("a")).await;
    let health = crate::common::web::get(&server, "/health").await;
    assert_eq!(health.status, 200);
}
