//! `auroch copy` as an operator runs it.

use std::path::Path;
use std::sync::Arc;

use backend_sqlite::{SqliteBackend, SqliteOptions};
use conformance::postgres::Cluster;
use etcd_client::{Client, Permission, PutOptions};
use storage_core::{PutRequest, Store, StoreOptions};
use tempfile::tempdir;

use crate::picture::Picture;
use crate::process::Process;

/// Where [`fill`] compacts.
const COMPACTED: i64 = 120;

/// A history with updates, deletions, a compaction in the middle, leases, users and roles.
async fn fill(client: &mut Client) {
    let lease = client.lease_grant(3600, None).await.unwrap().id();
    client.put("leased", "x", Some(PutOptions::new().with_lease(lease))).await.unwrap();
    for n in 0..200 {
        client.put(format!("k{}", n % 37), format!("v{n}").repeat(n % 9), None).await.unwrap();
        if n % 13 == 0 {
            client.delete(format!("k{}", n % 5), None).await.unwrap();
        }
    }
    client.compact(COMPACTED, None).await.unwrap();
    client.user_add("alice", "secret", None).await.unwrap();
    client.role_add("r").await.unwrap();
    client.role_grant_permission("r", Permission::read("k").with_prefix()).await.unwrap();
    client.user_grant_role("alice", "r").await.unwrap();
}

async fn stop(mut server: Process) {
    server.terminate();
    assert!(server.ended().await.success(), "{:#?}", server.said);
}

pub(crate) async fn copy(folder: &Path, from: &str, to: &str) -> Process {
    let mut process = Process::start(folder, &["copy", "--from", from, "--to", to]);
    assert!(process.ended().await.success(), "{:#?}", process.said);
    process
}

/// What a server on `storage` shows, which then writes something more and stops.
async fn use_up(folder: &Path, storage: &str, key: &str) -> (Picture, Picture) {
    let server = Process::ready(folder, &["--storage", storage]).await;
    let mut client = server.client().await;
    let before = Picture::of(&mut client, COMPACTED).await;
    client.put(key, "more", None).await.unwrap();
    client.delete("k7", None).await.unwrap();
    let after = Picture::of(&mut client, COMPACTED).await;
    stop(server).await;
    (before, after)
}

/// Fills the first place, and copies from each to the next. A server at each shows what was there, and goes on from it.
async fn goes_through(folder: &Path, places: &[&str]) {
    let server = Process::ready(folder, &["--storage", places[0]]).await;
    fill(&mut server.client().await).await;
    stop(server).await;
    let (_, mut expected) = use_up(folder, places[0], "on the first").await;
    let mut at_first = None;
    for step in places.windows(2) {
        let copied = copy(folder, step[0], step[1]).await;
        assert!(copied.has_said(&format!("revision {}, compacted at {COMPACTED}, 1 leases", expected.revision)));
        let (found, after) = use_up(folder, step[1], "on another").await;
        assert_eq!(found, expected, "{} to {}", step[0], step[1]);
        at_first = at_first.or(Some(found));
        expected = after;
    }
    // The sources are as they were.
    let (unchanged, _) = use_up(folder, places[0], "on the first again").await;
    assert_eq!(Some(unchanged), at_first);
}

#[tokio::test]
async fn a_store_goes_from_sqlite_to_postgresql_and_back_and_no_client_can_tell() {
    let second = Cluster::shared().new_database();
    goes_through(tempdir().unwrap().path(), &["sqlite://first.db", &second, "sqlite://third.db"]).await;
}

#[tokio::test]
async fn a_store_goes_from_sqlite_to_sled_to_postgresql_to_sled_and_no_client_can_tell() {
    let third = Cluster::shared().new_database();
    goes_through(tempdir().unwrap().path(), &["sqlite://first.db", "sled:second", &third, "sled:fourth"]).await;
}

/// 64 MiB in `folder/big.db`.
async fn big(folder: &Path) {
    let backend = SqliteBackend::open(SqliteOptions::new(folder.join("big.db"))).await.unwrap();
    let store = Store::open(Arc::new(backend), StoreOptions::default()).await.unwrap();
    let value = bytes::Bytes::from(vec![b'x'; 16 << 10]);
    for group in 0..64 {
        let puts = (0..64).map(|n| store.put(PutRequest::new(format!("k{group}/{n}").as_bytes(), value.clone())));
        for put in futures_util::future::join_all(puts).await {
            put.unwrap();
        }
    }
    store.close().await.unwrap();
}

/// Copies until it is said where to, and kills that. Answers whether something was left to do.
async fn killed(folder: &Path, to: &str) -> bool {
    let mut process = Process::start(folder, &["copy", "--from", "sqlite://big.db", "--to", to]);
    process.until("copying 4096 versions").await;
    process.kill();
    !process.ended().await.success()
}

#[tokio::test]
async fn a_copy_that_was_killed_is_gone_on_with_and_serves_nobody_before() {
    let folder = tempdir().unwrap();
    big(folder.path()).await;
    let databases = ["sqlite://copy.db".to_owned(), "sled:copy".to_owned(), Cluster::shared().new_database()];
    for to in databases {
        for _ in 0..3 {
            assert!(killed(folder.path(), &to).await, "it takes longer than it takes to kill it");
            let any_port = "--listen-client-urls=http://127.0.0.1:0";
            let refused = Process::start(folder.path(), &[any_port, "--storage", &to]).refused().await;
            assert!(refused.contains("a copy that was not finished"), "{refused}");
        }
        let resumed = copy(folder.path(), "sqlite://big.db", &to).await;
        assert!(resumed.has_said("has a part of it, up to revision"), "{:#?}", resumed.said);
        assert!(resumed.has_said("done: 4096 keys at revision 4097"), "{:#?}", resumed.said);
        let server = Process::ready(folder.path(), &["--storage", &to]).await;
        let answer = server.client().await.get("k63/63", None).await.unwrap();
        assert_eq!((answer.kvs()[0].mod_revision(), answer.kvs()[0].value().len()), (4097, 16 << 10));
        stop(server).await;
    }
}

#[tokio::test]
async fn a_copy_that_is_done_again_says_so_until_the_copy_is_used() {
    let folder = tempdir().unwrap();
    let server = Process::ready(folder.path(), &["--storage", "sqlite://a.db"]).await;
    fill(&mut server.client().await).await;
    stop(server).await;
    copy(folder.path(), "sqlite://a.db", "sqlite://b.db").await;
    copy(folder.path(), "sqlite://a.db", "sqlite://b.db").await;
    use_up(folder.path(), "sqlite://b.db", "more").await;
    let again = ["copy", "--from", "sqlite://a.db", "--to", "sqlite://b.db"];
    let refused = Process::start(folder.path(), &again).refused().await;
    assert!(refused.contains("sqlite://b.db is not empty, and was left alone"), "{refused}");
}

#[tokio::test]
async fn a_database_that_servers_use_is_copied_as_it_is_with_a_warning() {
    let folder = tempdir().unwrap();
    let source = Cluster::shared().new_database();
    let server = Process::ready(folder.path(), &["--storage", &source]).await;
    let mut client = server.client().await;
    fill(&mut client).await;
    let copied = copy(folder.path(), &source, "sqlite://copy.db").await;
    assert!(copied.has_said("WARNING: 1 servers use postgres://"), "{:#?}", copied.said);
    let expected = Picture::of(&mut client, COMPACTED).await;
    client.put("later", "x", None).await.unwrap();
    let (found, _) = use_up(folder.path(), "sqlite://copy.db", "more").await;
    assert_eq!(found, expected);
}
