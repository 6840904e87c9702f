//! Sessions that are ended in the middle of an append: whether it happened is known by the commit's id.

use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use storage_core::{KeyRange, PutRequest, RangeRequest, Revision, Store, StoreOptions};
use tokio::task::{block_in_place, yield_now};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
const APPENDS: &str = "query ILIKE '%INTO auroch.commits%'";

async fn open(dsn: &str) -> Store {
    let backend = PostgresBackend::open(PostgresOptions::parse(dsn).expect("a DSN")).await.expect("it opens");
    Store::open(Arc::new(backend), StoreOptions::default()).await.expect("it opens")
}

fn put() -> PutRequest {
    PutRequest::new(b"a", Bytes::from_static(b"x"))
}

/// Waits until an append waits for `what`, and ends its session.
async fn terminate(cluster: &Cluster, what: &str) {
    let condition = format!("{APPENDS} AND wait_event = '{what}'");
    let terminated = async {
        while block_in_place(|| cluster.terminate(&condition)) == 0 {
            yield_now().await;
        }
    };
    timeout(PATIENCE, terminated).await.expect("it waits");
}

/// That the write which is on its way is done, once.
async fn is_done_once(store: &Store, write: impl Future<Output = Revision>) {
    assert_eq!(timeout(PATIENCE, write).await.expect("it is answered"), Revision(3));
    let read = store.range(RangeRequest::new(KeyRange::new(b"a", b""))).await.expect("it answers");
    assert_eq!(
        (read.revision, read.kvs[0].meta.mod_revision(), read.kvs[0].meta.version),
        (Revision(3), Revision(3), 2)
    );
    assert_eq!(store.put(put()).await.expect("it is written").revision, Revision(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_ends_before_it_has_happened_is_done_again() {
    let cluster = Cluster::start();
    let store = open(&cluster.dsn("db")).await;
    store.put(put()).await.expect("it is written");
    let held = block_in_place(|| cluster.hold("db", "SELECT FROM auroch.head FOR UPDATE"));
    let write = async { store.put(put()).await.expect("it is done").revision };
    let ending = async {
        terminate(&cluster, "transactionid").await;
        drop(held);
    };
    let writing = async { tokio::join!(write, ending).0 };
    is_done_once(&store, writing).await;
}

/// The commit is there, and waits for a standby when its session ends: the client is told nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_ends_once_it_has_happened_is_not_done_again() {
    let cluster = Cluster::start();
    let store = open(&cluster.dsn("db")).await;
    store.put(put()).await.expect("it is written");
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let write = async { store.put(put()).await.expect("it is done").revision };
    let ending = async {
        terminate(&cluster, "SyncRep").await;
        assert_eq!(block_in_place(|| cluster.sql("db", "SELECT revision FROM auroch.head")), "3");
        block_in_place(|| cluster.wait_for_nobody());
    };
    let writing = async { tokio::join!(write, ending).0 };
    is_done_once(&store, writing).await;
}
