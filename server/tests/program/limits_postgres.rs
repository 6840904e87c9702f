//! What PostgreSQL is asked for at most: connections, their age, and the time of a statement.

use std::collections::BTreeSet;

use conformance::postgres::Cluster;
use etcd_client::Client;
use futures_util::future::join_all;
use tempfile::{TempDir, tempdir};
use tokio::task::{block_in_place, yield_now};

use crate::common::soon;
use crate::process::Process;

/// A server on a database of its own, started by one of two names.
struct Limited {
    _folder: TempDir,
    database: String,
    process: Process,
}

impl Limited {
    async fn auroch(parameters: &str, flags: &[&str]) -> Self {
        Self::start("--storage", "--listen-client-urls=http://127.0.0.1:0", parameters, flags).await
    }

    async fn kine(parameters: &str, flags: &[&str]) -> Self {
        let flags = [&["--metrics-bind-address=0"], flags].concat();
        Self::start("--endpoint", "--listen-address=127.0.0.1:0", parameters, &flags).await
    }

    async fn start(storage: &str, address: &str, parameters: &str, flags: &[&str]) -> Self {
        let (folder, dsn) = (tempdir().unwrap(), Cluster::shared().new_database());
        let database = dsn.rsplit('/').next().unwrap().to_owned();
        let storage_flag = [storage, &format!("{dsn}{parameters}")];
        let face: &[&str] = if storage == "--endpoint" { &["kine"] } else { &[] };
        let mut process = Process::start(folder.path(), &[face, &storage_flag, &[address], flags].concat());
        process.until("ready to serve client requests").await;
        Self { _folder: folder, database, process }
    }

    /// The sessions of the server: each by its process and when that was started.
    fn sessions(&self) -> BTreeSet<String> {
        let sql = format!(
            "SELECT pid, backend_start FROM pg_stat_activity WHERE datname = '{}' AND application_name = 'auroch'",
            self.database
        );
        block_in_place(|| Cluster::shared().sql("postgres", &sql)).lines().map(str::to_owned).collect()
    }

    /// Waits until the sessions are as they should be. Between two looks the limit of the wait has its turn.
    async fn until(&self, is_so: impl Fn(&BTreeSet<String>) -> bool) {
        soon(async {
            while !is_so(&self.sessions()) {
                yield_now().await;
            }
        })
        .await;
    }

    /// Nothing comes from memory, so that all who read need a connection.
    async fn read_much(&self) {
        let mut client = self.process.client().await;
        for n in 0..64 {
            client.put(format!("k{n}"), "v", None).await.unwrap();
        }
        let read = |n: usize| {
            let mut client = client.clone();
            async move {
                for round in 0..5 {
                    client.get(format!("k{}", (n + round) % 64), None).await.unwrap();
                }
            }
        };
        join_all((0..64).map(read)).await;
    }
}

/// That there are no more than `max` while much is read, and as many as that.
async fn holds(server: Limited, max: usize) {
    // The start had some that are on their way to end.
    server.until(|sessions| sessions.len() <= max).await;
    let mut most = 0;
    let reading = server.read_much();
    tokio::pin!(reading);
    loop {
        tokio::select! {
            () = &mut reading => break,
            () = yield_now() => most = most.max(server.sessions().len()),
        }
    }
    most = most.max(server.sessions().len());
    assert_eq!(most, max);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_connections_than_a_flag_allows() {
    let small_cache = "--cache-bytes=0";
    holds(Limited::auroch("", &[small_cache, "--storage-max-connections=5"]).await, 5).await;
    holds(Limited::auroch("", &[small_cache]).await, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_kept_no_longer_than_a_flag_allows() {
    let servers = [
        Limited::auroch("", &["--storage-connection-max-lifetime=300ms"]).await,
        Limited::kine("", &["--datastore-connection-max-lifetime=300ms"]).await,
    ];
    for server in servers {
        let first = server.sessions();
        assert!(!first.is_empty());
        server.until(|sessions| sessions.is_disjoint(&first)).await;
        server.process.client().await.put("k", "v", None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_nobody_uses_are_closed_after_the_time_of_a_flag() {
    let server = Limited::auroch("", &["--cache-bytes=0", "--storage-connection-max-idle-time=200ms"]).await;
    server.read_much().await;
    assert!(server.sessions().len() > 3);
    // One listens; another is used now and then, less often than this time.
    server.until(|sessions| sessions.len() <= 2).await;
    server.read_much().await;
}

/// What is held up by somebody's locks is given up in time, with an answer that says so; nothing comes of it later.
async fn gives_up(server: Limited, reason: &str) {
    let mut client = server.process.client().await;
    client.put("k", "v", None).await.unwrap();
    let hold = |sql| block_in_place(|| Cluster::shared().hold(&server.database, sql));

    let held = hold("SELECT FROM auroch.head FOR UPDATE");
    let refused = client.put("k", "never", None).await.expect_err("somebody holds the head");
    says(&refused, reason);
    client.get("k", None).await.expect("reads do not wait for it");
    drop(held);
    written_once(&mut client, 3, 2).await;

    let held = hold("LOCK TABLE auroch.head");
    let refused = client.get("k", None).await.expect_err("somebody holds the table");
    says(&refused, reason);
    drop(held);
    written_once(&mut client, 4, 3).await;
}

fn says(error: &etcd_client::Error, reason: &str) {
    let etcd_client::Error::GRpcStatus(status) = error else { panic!("{error}") };
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert!(status.message().contains(reason), "{status}");
}

/// The next write, which comes at once.
async fn written_once(client: &mut Client, revision: i64, version: i64) {
    client.put("k", "v", None).await.expect("nobody holds anything");
    let read = client.get("k", None).await.unwrap();
    assert_eq!((read.kvs()[0].mod_revision(), read.kvs()[0].version()), (revision, version));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_takes_no_longer_than_a_flag_or_the_dsn_allows() {
    let timeout = "canceling statement due to statement timeout";
    gives_up(Limited::auroch("", &["--storage-statement-timeout=300ms"]).await, timeout).await;
    gives_up(Limited::auroch("?statement_timeout=300", &[]).await, timeout).await;
    gives_up(Limited::kine("?statement_timeout=300", &[]).await, timeout).await;
    let timeout = "canceling statement due to lock timeout";
    gives_up(Limited::auroch("?options[lock_timeout]=300", &[]).await, timeout).await;
}
