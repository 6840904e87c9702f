//! Several hosts, of which one is the primary at a time.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use storage_core::{Backend as _, KeyRange, PutRequest, RangeRequest, Store, StoreError, StoreOptions};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

/// Longer than any timeout of a request.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

async fn open(dsn: &str) -> Store {
    let options = PostgresOptions::parse(dsn).expect("it is a DSN");
    let backend = PostgresBackend::open(options).await.expect("it opens");
    Store::open(Arc::new(backend), StoreOptions::default()).await.expect("it opens")
}

async fn put(store: &Store, value: &'static str) -> Result<(), StoreError> {
    store.put(PutRequest::new(b"a", Bytes::from_static(value.as_bytes()))).await.map(drop)
}

async fn get(store: &Store) -> Result<Bytes, StoreError> {
    let answer = store.range(RangeRequest::new(KeyRange::new(b"a", b""))).await?;
    Ok(answer.kvs.first().map(|kv| kv.value.clone()).unwrap_or_default())
}

async fn until_it_puts(store: &Store, value: &'static str) {
    let put = async {
        while put(store, value).await.is_err() {
            sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, put).await.expect("it takes writes again");
}

/// A session that waits for the standby and is ended, or a crash, leaves a commit on the primary alone. Who looks for the outcome
/// finds it there, and must not take it for durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_standby_holds_is_neither_acknowledged_nor_shown() {
    let mut primary = Cluster::start();
    let mut standby = primary.standby();
    // What is done so must be allowed to everybody.
    primary.sql("postgres", "CREATE ROLE somebody LOGIN CREATEDB");
    let dsn = Cluster::new_database_of(&[&primary, &standby]).replace("postgres@", "somebody@");
    let store = open(&dsn).await;
    put(&store, "before").await.expect("both hold it");
    standby.kill();
    let writing = tokio::spawn({
        let store = store.clone();
        async move { put(&store, "alone").await }
    });
    let waits = "wait_event = 'SyncRep'";
    let ended = async {
        while block_in_place(|| primary.terminate(waits)) == 0 {
            sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, ended).await.expect("it waits for the standby");
    let outcome = timeout(PATIENCE, writing).await.expect("it is answered").expect("no panic");
    assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{outcome:?}");
    assert_ne!(get(&store).await.ok().as_deref(), Some(&b"alone"[..]));

    primary.kill();
    standby.resume();
    standby.promote();
    until_it_puts(&store, "after").await;
    assert_eq!(get(&store).await.expect("it answers"), "after");
}

/// An administrator, or a supervisor that knows no better, starts the old primary again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_primary_that_comes_back_is_not_taken_for_the_primary() {
    let mut former = Cluster::start();
    let primary = former.standby();
    let store = open(&Cluster::new_database_of(&[&former, &primary])).await;
    put(&store, "before").await.expect("both hold it");
    former.kill();
    primary.promote();
    until_it_puts(&store, "after").await;
    former.resume();
    // Then it would take writes.
    former.wait_for_nobody();
    for _ in 0..5 {
        // New connections are made, and the former one's host comes first in the DSN.
        block_in_place(|| primary.terminate("true"));
        until_it_puts(&store, "after").await;
        assert_eq!(get(&store).await.expect("it answers"), "after");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_says_nothing_holds_up_nobody() {
    let primary = Cluster::shared();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let silent = silent.local_addr().expect("it is bound");
    let dsn = primary.new_database();
    open(&dsn).await.close().await.expect("it closes");
    let dsn = dsn.replace("postgres@", &format!("postgres@{silent},"));
    let mut options = PostgresOptions::parse(&dsn).expect("it is a DSN");
    options.connect_timeout = PATIENCE * 10;
    let backend = timeout(PATIENCE, PostgresBackend::open(options)).await.expect("it opens in time").expect("it opens");
    backend.bounds().await.expect("it answers");
}

/// As where commits wait for no standby: what is lost is the administrator's loss, but no server may go on as if it were there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_seen_what_a_failover_lost_answers_nothing_until_it_starts_anew() {
    let mut primary = Cluster::start();
    let mut standby = primary.standby();
    let dsn = Cluster::new_database_of(&[&primary, &standby]);
    let store = open(&dsn).await;
    put(&store, "before").await.expect("both hold it");
    primary.wait_for_nobody();
    standby.kill();
    put(&store, "lost").await.expect("the primary holds it");
    primary.kill();
    standby.resume();
    standby.promote();
    let found_out = async {
        loop {
            match get(&store).await {
                Ok(value) => panic!("it shows {value:?}"),
                Err(error) if error.to_string().contains("has lost commits") => return,
                Err(_) => sleep(PAUSE).await,
            }
        }
    };
    timeout(PATIENCE, found_out).await.expect("it finds out");
    put(&store, "after").await.expect_err("it rests on what is lost");
    let anew = open(&dsn).await;
    assert_eq!(get(&anew).await.expect("it answers"), "before");
    put(&anew, "after").await.expect("it takes writes");
    get(&store).await.expect_err("it does not follow another history");
}
