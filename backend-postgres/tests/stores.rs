//! Several stores on one database, as several servers are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use storage_core::backend::{Backend as _, Peer};
use storage_core::watch::{WatchEvents, WatchMessage, WatchRequest};
use storage_core::{
    Compare, CompareTarget, KeyRange, LeaseId, Op, PutLease, PutRequest, RangeRequest, Relation, Revision, Store,
    StoreError, StoreOptions, TxnRequest,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

async fn open(dsn: &str) -> Store {
    let options = PostgresOptions::parse(dsn).expect("it is a DSN");
    let backend = PostgresBackend::open(options).await.expect("it opens");
    Store::open(Arc::new(backend), StoreOptions::default()).await.expect("it opens")
}

fn everything() -> KeyRange {
    KeyRange::new(b"\0", b"\0")
}

/// As Kubernetes creates.
fn create(key: &str) -> TxnRequest {
    let keys = KeyRange::new(key.as_bytes(), b"");
    let absent = Compare { keys, relation: Relation::Equal, target: CompareTarget::Mod(Revision(0)) };
    let put = PutRequest::new(key.as_bytes(), Bytes::from_static(&[b'x'; 200]));
    TxnRequest { compares: vec![absent], success: vec![Op::Put(put)], failure: Vec::new() }
}

fn watch_all(store: &Store) -> (storage_core::watch::WatchControl, WatchEvents) {
    let (control, events) = store.watch();
    control.create(&WatchRequest { start_revision: Revision(1), ..WatchRequest::new(everything()) });
    (control, events)
}

/// Revision and key of `count` events.
async fn seen(mut events: WatchEvents, count: usize) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match events.next().await.expect("it goes on") {
            WatchMessage::Events { events, .. } => seen
                .extend(events.iter().map(|e| (e.meta.mod_revision().0, String::from_utf8_lossy(&e.key).into_owned()))),
            WatchMessage::Canceled { cause, .. } => panic!("canceled: {cause:?}"),
            _ => {}
        }
    }
    seen
}

/// What kine loses: 64 clients create distinct keys over three servers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_create_is_there_once_and_seen_once_by_every_store() {
    const CLIENTS: usize = 64;
    const EACH: usize = 40;
    let dsn = Cluster::shared().new_database();
    let stores = [open(&dsn).await, open(&dsn).await, open(&dsn).await];
    let watches = [watch_all(&stores[0]), watch_all(&stores[1]), watch_all(&stores[2])];

    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let store = stores[client % stores.len()].clone();
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0..EACH {
                let key = format!("/registry/pods/{client:02}-{n:03}");
                let answer = store.txn(create(&key)).await.expect("it is answered");
                assert!(answer.succeeded, "{key} was created by nobody else");
                acknowledged.push((answer.revision.0, key));
            }
            acknowledged
        });
    }
    let mut acknowledged: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    acknowledged.sort();
    let revisions: Vec<_> = acknowledged.iter().map(|(revision, _)| *revision).collect();
    assert_eq!(revisions, Vec::from_iter(2..2 + (CLIENTS * EACH) as i64), "revisions are dense");
    let by_key: BTreeMap<_, _> = acknowledged.iter().map(|(revision, key)| (key.clone(), *revision)).collect();
    for (store, (_control, events)) in stores.iter().zip(watches) {
        let all = store.range(RangeRequest::new(everything())).await.expect("it answers");
        let there = all.kvs.iter().map(|kv| (String::from_utf8_lossy(&kv.key).into_owned(), kv.meta.mod_revision().0));
        assert_eq!(there.collect::<BTreeMap<_, _>>(), by_key);
        assert_eq!(seen(events, acknowledged.len()).await, acknowledged, "each event once and in order");
    }
    for store in stores {
        store.close().await.expect("it closes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_of_one_store_expires_though_that_store_is_gone() {
    let dsn = Cluster::shared().new_database();
    let (one, two) = (open(&dsn).await, open(&dsn).await);
    for (store, id) in [(&one, 1), (&two, 2)] {
        let peer = Peer { id, name: id.to_string(), peer_urls: vec![], client_urls: vec![] };
        store.announce(peer);
    }
    one.lease_grant(LeaseId(7), 2).await.expect("granted");
    let mut put = PutRequest::new(b"a", Bytes::from_static(b"x"));
    put.lease = PutLease::Set(LeaseId(7));
    let written = one.put(put).await.expect("put").revision;
    let (_control, events) = watch_all(&two);
    // Whoever led, only one is left.
    one.close().await.expect("it closes");
    let events = tokio::time::timeout(Duration::from_secs(60), seen(events, 2)).await.expect("it expires");
    assert_eq!(events, [(written.0, "a".to_owned()), (written.0 + 1, "a".to_owned())]);
    two.close().await.expect("it closes");
}

/// Waits until a hundred more writes are acknowledged.
async fn more(count: &watch::Sender<usize>) {
    let goal = *count.borrow() + 100;
    let mut count = count.subscribe();
    let more = count.wait_for(|count| *count >= goal);
    tokio::time::timeout(Duration::from_secs(60), more).await.expect("writes go on").expect("its sender is there");
}

/// The database crashes in the middle of everything and comes back: what was acknowledged is there, nothing twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_loses_nothing_and_applies_nothing_twice() {
    const CLIENTS: usize = 8;
    const CRASHES: usize = 3;
    let mut cluster = Cluster::start();
    let dsn = cluster.new_database();
    let stores = [open(&dsn).await, open(&dsn).await];
    let (count, crashed) = (watch::Sender::new(0), watch::Sender::new(false));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let store = stores[client % stores.len()].clone();
        let (count, crashed) = (count.clone(), crashed.subscribe());
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0.. {
                if *crashed.borrow() {
                    break;
                }
                let key = format!("{client}-{n:03}");
                match store.txn(create(&key)).await {
                    Ok(answer) if answer.succeeded => {
                        acknowledged.push((key, answer.revision));
                        count.send_modify(|count| *count += 1);
                    }
                    // Of an unknown outcome, or refused: the key is never tried again.
                    Ok(_) => panic!("{key} was created by nobody else"),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
            acknowledged
        });
    }
    // The clients write before, through and after each crash, however quick they are.
    for _ in 0..CRASHES {
        more(&count).await;
        let crash = tokio::task::spawn_blocking(move || {
            cluster.kill();
            cluster.resume();
            cluster
        });
        cluster = crash.await.expect("it comes back");
        more(&count).await;
    }
    crashed.send_replace(true);
    let acknowledged: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    for store in &stores {
        let all = store.range(RangeRequest::new(everything())).await.expect("it answers again");
        let there: BTreeMap<_, _> =
            all.kvs.iter().map(|kv| (String::from_utf8_lossy(&kv.key).into_owned(), kv.meta)).collect();
        for (key, revision) in &acknowledged {
            assert_eq!(there.get(key).map(|meta| meta.mod_revision()), Some(*revision), "{key}");
        }
        assert!(there.values().all(|meta| meta.version == 1), "nothing was applied twice");
        let revisions = there.values().map(|meta| meta.mod_revision().0);
        assert_eq!(all.revision.0, 1 + revisions.count() as i64, "revisions are dense");
    }
}

/// A beat that is on its way when a server goes must not come after its leaving: it would lead, and be listed, though it is dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_left_is_not_heard_of_any_more() {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    let database = dsn.rsplit('/').next().expect("it has a database");
    for id in 1..=20 {
        let backend = PostgresBackend::open(PostgresOptions::parse(&dsn).expect("a DSN")).await.expect("it opens");
        backend.announce(Peer { id, name: id.to_string(), peer_urls: vec![], client_urls: vec![] });
        tokio::task::yield_now().await;
        backend.close().await.expect("it closes");
        let left =
            cluster.sql(database, "SELECT (SELECT count(*) FROM auroch.servers), (SELECT count(*) FROM auroch.leader)");
        assert_eq!(left, "0|0", "server {id}");
    }
}

/// A trigger, or anything else that an administrator may do to a table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_the_database_refuses_for_a_reason_of_its_own_holds_up_nobody_else() {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    let store = open(&dsn).await;
    let database = dsn.rsplit('/').next().expect("it has a database");
    cluster.sql(
        database,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON auroch.control FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let refused = store.lease_grant(LeaseId(7), 60).await.expect_err("it is refused");
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    store.put(PutRequest::new(b"a", Bytes::from_static(b"x"))).await.expect("it is written");
}

/// What rows hold is estimated from some of their pages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_table_has_about_the_size_of_what_is_in_it() {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    open(&dsn).await.close().await.expect("it closes");
    let database = dsn.rsplit('/').next().expect("it has a database");
    // No commits, but nobody reads them before the size is taken.
    cluster.sql(
        database,
        "INSERT INTO auroch.control_log SELECT n, 1, decode(repeat('ab', 800), 'hex') FROM generate_series(1000, 60999) n",
    );
    let backend = PostgresBackend::open(PostgresOptions::parse(&dsn).expect("a DSN")).await.expect("it opens");
    let (sink, mut batches) = tokio::sync::mpsc::channel(1);
    let read = async { while batches.recv().await.is_some() {} };
    tokio::join!(backend.load(sink), read).0.expect("it loads");
    let size = backend.size().allocated;
    let truth = 60_000 * (800 + 64);
    assert!((truth * 8 / 10..truth * 12 / 10).contains(&size), "{size} is not about {truth}");
}

/// Who asks a server how it is must not be told of what was, only because nobody has written since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_well_again_once_its_database_is_though_nobody_writes() {
    let mut cluster = Cluster::start();
    let store = open(&cluster.new_database()).await;
    cluster.kill();
    while store.status().failure.is_none() {
        let put = PutRequest::new(b"a", Bytes::from_static(b"x"));
        store.put(put).await.expect_err("there is no database");
    }
    store.range(RangeRequest::new(everything())).await.expect_err("it cannot know whether it is the newest");
    let _cluster = tokio::task::spawn_blocking(move || {
        cluster.resume();
        cluster
    })
    .await
    .expect("it comes back");
    while store.status().failure.is_some() {
        tokio::task::yield_now().await;
    }
    store.range(RangeRequest::new(everything())).await.expect("it answers");
}
