//! Sessions that are ended in the middle of an append: whether it happened is known by the commit's id.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
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

/// Waits until an append waits for `what`.
async fn waits(cluster: &Cluster, what: &str) {
    let question = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'auroch' AND {APPENDS} AND wait_event = '{what}'"
    );
    let waiting = async {
        while block_in_place(|| cluster.sql("postgres", &question)) == "0" {
            yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it waits");
}

/// Ends its session.
fn terminate(cluster: &Cluster) {
    assert_eq!(block_in_place(|| cluster.terminate(APPENDS)), 1);
}

/// That each of `puts`, the last of which was cut off, is done once.
async fn are_done_once(store: &Store, puts: i64) {
    let read = store.range(RangeRequest::new(KeyRange::new(b"a", b""))).await.expect("it answers");
    let (last, next) = (Revision(puts + 1), Revision(puts + 2));
    assert_eq!((read.revision, read.kvs[0].meta.mod_revision(), read.kvs[0].meta.version), (last, last, puts));
    assert_eq!(store.put(put()).await.expect("it is written").revision, next);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_ends_before_it_has_happened_is_done_again() {
    let cluster = Cluster::start();
    let store = open(&cluster.dsn("db")).await;
    store.put(put()).await.expect("it is written");
    let held = block_in_place(|| cluster.hold("db", "SELECT FROM auroch.head FOR UPDATE"));
    let ending = async {
        waits(&cluster, "transactionid").await;
        terminate(&cluster);
        drop(held);
    };
    let both = async { tokio::join!(store.put(put()), ending).0 };
    assert_eq!(timeout(PATIENCE, both).await.expect("it is answered").expect("it is done").revision, Revision(3));
    are_done_once(&store, 2).await;
}

/// The commit is there, and waits for a standby when its session ends: the client is told nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_ends_once_it_has_happened_is_not_done_again() {
    let cluster = Cluster::start();
    let store = open(&cluster.dsn("db")).await;
    store.put(put()).await.expect("it is written");
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let (puts, is_cut_off) = (AtomicI64::new(1), AtomicBool::new(false));
    let writing = async {
        // The setting is heard of a moment later; until then nothing waits.
        while !is_cut_off.load(Ordering::Acquire) {
            assert_eq!(store.put(put()).await.expect("it is done").revision.0, puts.fetch_add(1, Ordering::AcqRel) + 2);
        }
    };
    let ending = async {
        waits(&cluster, "SyncRep").await;
        let unanswered = (puts.load(Ordering::Acquire) + 2).to_string();
        is_cut_off.store(true, Ordering::Release);
        terminate(&cluster);
        // It is seen once its session is gone, and no other can be until the standby is waited for no more.
        while block_in_place(|| cluster.sql("db", "SELECT revision FROM auroch.head")) != unanswered {
            yield_now().await;
        }
        block_in_place(|| cluster.wait_for_nobody());
    };
    timeout(PATIENCE, async { tokio::join!(writing, ending) }).await.expect("it is answered");
    are_done_once(&store, puts.load(Ordering::Acquire)).await;
}
