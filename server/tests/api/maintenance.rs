use std::sync::Arc;

use etcd_client::{AlarmAction, AlarmType, CompactionOptions};
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::{DefragmentRequest, MemberListRequest, StatusRequest};
use server::{MemberOptions, ServerOptions};
use storage_core::StoreOptions;
use storage_core::backend::{Fault, FaultBackend, MemoryBackend};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::common::{TestServer, soon, status_of};

#[tokio::test]
async fn status_says_all_that_clients_look_for() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.put("k", "v", None).await.unwrap();
    let mut maintenance = MaintenanceClient::new(server.channel().await);
    let status = maintenance.status(StatusRequest {}).await.unwrap().into_inner();
    let header = status.header.unwrap();
    assert_eq!((status.version.as_str(), status.storage_version.as_str()), ("3.7.3", "3.7.0"));
    assert_eq!((status.leader, header.revision), (header.member_id, 2));
    assert_eq!((status.raft_term, status.raft_index), (header.raft_term, status.raft_applied_index));
    assert!(status.raft_index > 0 && status.db_size > 0 && status.db_size_in_use > 0);
    assert_eq!((status.db_size_quota, status.is_learner), (2 << 30, false));
    assert_eq!(status.errors, [""; 0]);
}

#[tokio::test]
async fn the_version_is_what_was_asked_to_be_emulated() {
    let options = ServerOptions { version: "3.6.11".parse().unwrap(), ..Default::default() };
    let server = TestServer::with(options, StoreOptions::default()).await;
    let status = server.client().await.status().await.unwrap();
    assert_eq!((status.version(), status.storage_version()), ("3.6.11", "3.6.0"));
}

#[tokio::test]
async fn the_member_list_is_this_server_and_its_header_has_no_revision() {
    let member = MemberOptions {
        name: "one".to_owned(),
        client_urls: vec!["http://example.org:2379".to_owned()],
        ..Default::default()
    };
    let server = TestServer::with(ServerOptions { member, ..Default::default() }, StoreOptions::default()).await;
    server.client().await.put("k", "v", None).await.unwrap();
    let mut cluster = ClusterClient::new(server.channel().await);
    let list = cluster.member_list(MemberListRequest::default()).await.unwrap().into_inner();
    let header = list.header.unwrap();
    let member = &list.members[0];
    assert_eq!((list.members.len(), header.revision, member.id), (1, 0, header.member_id));
    assert_eq!((member.name.as_str(), member.is_learner), ("one", false));
    assert_eq!(
        (&member.client_ur_ls[0][..], &member.peer_ur_ls[0][..]),
        ("http://example.org:2379", "http://localhost:2380")
    );
}

#[tokio::test]
async fn defragment_answers_without_a_header() {
    let server = TestServer::start().await;
    let mut maintenance = MaintenanceClient::new(server.channel().await);
    assert!(maintenance.defragment(DefragmentRequest {}).await.unwrap().into_inner().header.is_none());
}

#[tokio::test]
async fn hashes_are_stable_and_change_with_the_data() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.put("k", "v", None).await.unwrap();
    let first = client.hash_kv(0).await.unwrap();
    assert_eq!((first.hash_revision(), first.compact_version()), (2, -1));
    assert_eq!(first.hash(), client.hash_kv(0).await.unwrap().hash());
    let whole = client.hash().await.unwrap().hash();

    client.put("k", "w", None).await.unwrap();
    let second = client.hash_kv(0).await.unwrap();
    assert_ne!((first.hash(), whole), (second.hash(), client.hash().await.unwrap().hash()));
    assert_eq!(client.hash_kv(2).await.unwrap().hash(), first.hash(), "the past does not change");
    assert_eq!(status_of(client.hash_kv(9).await).0, Code::OutOfRange);
}

#[tokio::test]
async fn a_compaction_does_not_change_the_hash_that_was_told_of_its_revision() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.put("k", "1", None).await.unwrap();
    client.put("k", "2", None).await.unwrap();
    client.delete("k", None).await.unwrap();
    let before = client.hash_kv(4).await.unwrap();
    client.compact(4, Some(CompactionOptions::new().with_physical())).await.unwrap();
    let after = client.hash_kv(4).await.unwrap();
    assert_eq!((after.hash(), after.compact_version()), (before.hash(), before.compact_version()));
}

#[tokio::test]
async fn an_alarm_is_raised_listed_and_disarmed() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut alarm = async |action, kind| {
        let response = client.alarm(action, kind, None).await.unwrap();
        response.alarms().iter().map(|alarm| alarm.alarm()).collect::<Vec<_>>()
    };
    assert_eq!(alarm(AlarmAction::Get, AlarmType::None).await, []);
    assert_eq!(alarm(AlarmAction::Activate, AlarmType::None).await, []);
    assert_eq!(alarm(AlarmAction::Activate, AlarmType::Nospace).await, [AlarmType::Nospace]);
    assert_eq!(alarm(AlarmAction::Get, AlarmType::None).await, [AlarmType::Nospace]);
    assert_eq!(alarm(AlarmAction::Get, AlarmType::Corrupt).await, []);
    assert_eq!(alarm(AlarmAction::Deactivate, AlarmType::Nospace).await, [AlarmType::Nospace]);
    assert_eq!(alarm(AlarmAction::Get, AlarmType::None).await, []);
}

#[tokio::test]
async fn a_full_quota_refuses_writes_and_says_so_until_disarmed() {
    let quota = StoreOptions { quota_bytes: Some(10_000), ..Default::default() };
    let server = TestServer::with(ServerOptions::default(), quota).await;
    let mut client = server.client().await;
    client.put("k", vec![b'v'; 5_000], None).await.unwrap();
    let full = status_of(client.put("l", vec![b'v'; 6_000], None).await);
    assert_eq!(full, (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded".to_owned()));

    let status = client.status().await.unwrap();
    assert_eq!(status.errors(), [format!("memberID:{} alarm:NOSPACE ", status.leader())]);
    assert_eq!(status_of(client.put("m", "v", None).await).0, Code::ResourceExhausted);
    assert_eq!(client.get("k", None).await.unwrap().count(), 1, "reads go on");
    client.delete("k", None).await.unwrap();

    client.alarm(AlarmAction::Deactivate, AlarmType::Nospace, Some(member(status.leader()))).await.unwrap();
    client.put("m", "v", None).await.unwrap();
}

fn member(id: u64) -> etcd_client::AlarmOptions {
    let mut options = etcd_client::AlarmOptions::new();
    options.with_member(id);
    options
}

#[tokio::test]
async fn health_is_serving_and_knows_no_other_service() {
    let server = TestServer::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let check = |service: &str| HealthCheckRequest { service: service.to_owned() };
    let response = health.check(check("")).await.unwrap().into_inner();
    assert_eq!(response.status(), ServingStatus::Serving);
    assert_eq!(health.check(check("etcdserverpb.KV")).await.unwrap_err().code(), Code::NotFound);
    let mut watch = health.watch(check("")).await.unwrap().into_inner();
    assert_eq!(soon(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
}

#[tokio::test]
async fn a_failed_storage_refuses_writes_and_says_so_everywhere_while_reads_go_on() {
    let backend = Arc::new(FaultBackend::new(Arc::new(MemoryBackend::new())));
    let server = TestServer::over(backend.clone(), ServerOptions::default(), StoreOptions::default()).await;
    let mut client = server.client().await;
    client.put("k", "v", None).await.unwrap();
    backend.script([Fault::Poison]);

    assert_eq!(status_of(client.put("k", "w", None).await).0, Code::Unavailable);
    let (code, message) = status_of(client.put("k", "w", None).await);
    assert_eq!(code, Code::Unavailable);
    assert_eq!(message.matches("storage has failed").count(), 1, "{message}");
    assert_eq!(client.get("k", None).await.unwrap().kvs()[0].value(), b"v");
    let errors = client.status().await.unwrap().errors().to_vec();
    assert!(errors[0].starts_with("storage has failed"), "{errors:?}");
    assert_eq!(errors[0].matches("storage has failed").count(), 1, "{errors:?}");
    let mut health = HealthClient::new(server.channel().await);
    let response = health.check(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(response.status(), ServingStatus::NotServing);
    let answer = crate::common::web::get(&server, "/health").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.starts_with(r#"{"health":"false","reason":"STORAGE ERROR:"#), "{answer:?}");
}
