//! Several servers on one PostgreSQL, and what they say of each other and of the database.

use conformance::postgres::Cluster;
use etcd_client::Client;
use tempfile::{TempDir, tempdir};

use crate::common::soon;
use crate::http::{ask, status};
use crate::process::Process;

pub(crate) async fn server(folder: &TempDir, dsn: &str, name: &str) -> Process {
    Process::ready(folder.path(), &["--storage", dsn, "--name", name]).await
}

/// Names and the URL for clients of all members.
async fn members(client: &mut Client) -> Vec<(String, String)> {
    let listed = client.member_list().await.unwrap();
    let mut members: Vec<_> =
        listed.members().iter().map(|m| (m.name().to_owned(), m.client_urls().concat())).collect();
    members.sort();
    members
}

#[tokio::test]
async fn servers_that_share_a_database_list_each_other_until_one_is_killed() {
    let (folder, dsn) = (tempdir().unwrap(), Cluster::shared().new_database());
    let (one, mut two) = (server(&folder, &dsn, "one").await, server(&folder, &dsn, "two").await);
    let of = |name: &str, process: &Process| (name.to_owned(), format!("http://{}", process.address()));
    let both = [of("one", &one), of("two", &two)];
    let (mut by_one, mut by_two) = (one.client().await, two.client().await);
    for client in [&mut by_one, &mut by_two] {
        soon(async { while members(client).await != both {} }).await;
    }
    let (status_one, status_two) = (by_one.status().await.unwrap(), by_two.status().await.unwrap());
    let id = |status: &etcd_client::StatusResponse| status.header().unwrap().member_id();
    let cluster = |status: &etcd_client::StatusResponse| status.header().unwrap().cluster_id();
    assert_ne!(id(&status_one), id(&status_two));
    assert_eq!(cluster(&status_one), cluster(&status_two));

    // What a server says of itself is true for as long as it runs, and nothing is left of it.
    let updated = by_two.member_update(id(&status_two), ["http://elsewhere:1".to_owned()]).await.unwrap();
    assert!(updated.members().iter().any(|member| member.peer_urls() == ["http://elsewhere:1"]));
    soon(async {
        while !by_one.member_list().await.unwrap().members().iter().any(|m| m.peer_urls() == ["http://elsewhere:1"]) {}
    })
    .await;
    two.kill();
    two.ended().await;
    soon(async { while members(&mut by_one).await != both[..1] {} }).await;
}

#[tokio::test]
async fn a_server_without_its_database_is_not_healthy_and_is_again_once_it_is_back() {
    let mut cluster = Cluster::start();
    let folder = tempdir().unwrap();
    let process = server(&folder, &cluster.new_database(), "one").await;
    let address = process.address();
    assert_eq!((status(&address, "/health").await, status(&address, "/readyz").await), ("200".into(), "200".into()));
    cluster.kill();
    let mut client = process.client().await;
    client.put("k", "v", None).await.expect_err("there is no database");
    let answer = ask(&address, "GET /health HTTP/1.1\r\nHost: a").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"reason\":\"STORAGE ERROR:"), "{answer}");
    assert_eq!(status(&address, "/readyz").await, "503");
    assert_eq!(status(&address, "/livez").await, "200");
    let _cluster = tokio::task::spawn_blocking(move || {
        cluster.resume();
        cluster
    })
    .await
    .unwrap();
    soon(async { while status(&address, "/health").await != "200" {} }).await;
    soon(async { while status(&address, "/readyz").await != "200" {} }).await;
}
