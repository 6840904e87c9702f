use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::{SnapshotRequest, SnapshotResponse};
use server::ServerOptions;
use storage_core::StoreOptions;

use crate::common::{TestServer, soon};

async fn snapshot(server: &TestServer) -> Result<Vec<SnapshotResponse>, tonic::Status> {
    let mut client = MaintenanceClient::new(server.channel().await);
    let mut stream = client.snapshot(SnapshotRequest {}).await?.into_inner();
    let mut parts = Vec::new();
    while let Some(part) = soon(stream.message()).await? {
        parts.push(part);
    }
    Ok(parts)
}

#[tokio::test]
async fn a_snapshot_comes_in_parts_that_count_down_and_ends_with_its_sum() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for n in 0..40 {
        client.put(format!("k{n}"), vec![b'v'; 10_000], None).await.unwrap();
    }
    let parts = snapshot(&server).await.unwrap();
    let total: usize = parts.iter().map(|part| part.blob.len()).sum();
    assert_eq!(total % 512, 32, "etcd's clients know a whole snapshot by it");
    let (sum, parts) = parts.split_last().unwrap();
    assert_eq!((sum.blob.len(), sum.remaining_bytes), (32, 0));
    let mut remaining = total as u64 - 32;
    for part in parts {
        remaining -= part.blob.len() as u64;
        assert_eq!((part.remaining_bytes, part.version.as_str()), (remaining, "3.7.0"));
        assert!(part.blob.len() <= 32 << 10);
    }
    assert!(parts.len() > 10);
}

#[tokio::test]
async fn a_version_that_has_no_storage_version_says_none() {
    let options = ServerOptions { version: "3.5.21".parse().unwrap(), ..Default::default() };
    let server = TestServer::with(options, StoreOptions::default()).await;
    assert_eq!(snapshot(&server).await.unwrap()[0].version, "");
}

#[tokio::test]
async fn a_snapshot_that_has_no_place_says_so_and_not_that_trying_again_helps() {
    let options = ServerOptions { snapshot_dir: Some("/nonexistent".into()), ..Default::default() };
    let server = TestServer::with(options, StoreOptions::default()).await;
    let status = snapshot(&server).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unknown);
    assert!(status.message().contains("the snapshot's file cannot be written"), "{status}");
}

#[tokio::test]
async fn clients_that_take_nothing_hold_up_neither_writes_nor_compactions() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for _ in 0..200 {
        client.put("k", vec![b'v'; 50_000], None).await.unwrap();
    }
    let mut stalled = MaintenanceClient::new(server.channel().await);
    let mut stream = stalled.snapshot(SnapshotRequest {}).await.unwrap().into_inner();
    soon(stream.message()).await.unwrap().expect("the file is written");
    client.put("k", "last", None).await.unwrap();
    let physical = etcd_client::CompactionOptions::new().with_physical();
    soon(client.compact(200, Some(physical))).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_waits_for_its_turn_and_gets_it_when_a_client_goes() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for n in 0..100 {
        client.put(format!("k{n}"), vec![b'v'; 100_000], None).await.unwrap();
    }
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut other = MaintenanceClient::new(server.channel().await);
        let mut stream = other.snapshot(SnapshotRequest {}).await.unwrap().into_inner();
        soon(stream.message()).await.unwrap().expect("it is being sent");
        others.push(stream);
    }
    let (waiting, ()) = tokio::join!(snapshot(&server), async { drop(others) });
    assert!(waiting.unwrap().len() > 100);
}

#[tokio::test]
async fn a_snapshot_of_a_closed_store_is_refused() {
    let server = TestServer::start().await;
    server.store.close().await.unwrap();
    assert_eq!(snapshot(&server).await.unwrap_err().code(), tonic::Code::Unavailable);
}
