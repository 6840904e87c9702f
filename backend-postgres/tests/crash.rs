//! A process whose store appends is killed, over and over, while another one lives on: what it acknowledged is there for the other at
//! once, and nothing is torn.
//!
//! `AUROCH_SEED` repeats the plan of a run; where exactly a kill strikes is the machine's choice. `AUROCH_ROUNDS` makes it more or
//! fewer kills.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use conformance::process::{Kill, number, say, seed_and_rounds, this_test};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage_core::watch::{WatchMessage, WatchRequest};
use storage_core::{KeyRange, KeyValue, Op, PutRequest, RangeRequest, Revision, Store, StoreOptions, TxnRequest};

const TEST: &str = "nothing_acknowledged_is_lost_and_nothing_is_torn_when_a_store_is_killed";
const ROUNDS: u64 = 20;
/// Of one process, at once.
const CLIENTS: u64 = 8;
/// Keys of one transaction.
const PARTS: u64 = 5;
/// Set for the process that is to be killed.
const CHILD_DSN: &str = "AUROCH_CRASH_DSN";
/// Between a transaction's name and its revision on a line of the child's. Other lines are the test harness's.
const ACKNOWLEDGED: &str = " acknowledged at ";

async fn open(dsn: &str) -> Store {
    let options = PostgresOptions::parse(dsn).expect("it is a DSN");
    let backend = PostgresBackend::open(options).await.expect("it opens");
    Store::open(Arc::new(backend), StoreOptions::default()).await.expect("it opens")
}

fn everything() -> KeyRange {
    KeyRange::new(b"\0", b"\0")
}

/// Some keys, all of the transaction's name.
fn txn(name: &str) -> TxnRequest {
    let put = |part| Op::Put(PutRequest::new(format!("{name}/{part}").as_bytes(), Bytes::from(name.to_owned())));
    TxnRequest { success: (0..PARTS).map(put).collect(), ..TxnRequest::default() }
}

/// Never returns: it is killed.
async fn child(dsn: &str, round: u64) -> ! {
    let store = open(dsn).await;
    let clients = (0..CLIENTS).map(|client| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0.. {
                let name = format!("{round:03}-{client}-{n:05}");
                let answer = store.txn(txn(&name)).await.expect("it is answered");
                say(format_args!("{name}{ACKNOWLEDGED}{}", answer.revision));
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("it does not end");
    }
    unreachable!("clients do not end")
}

/// All that a child acknowledged before it was killed.
fn kill(dsn: &str, round: u64, kill: Kill) -> Vec<(String, Revision)> {
    let mut child = this_test(TEST);
    kill.strike(child.env(CHILD_DSN, dsn).env("AUROCH_ROUND", round.to_string()), |line| {
        let (name, revision) = line.split_once(ACKNOWLEDGED)?;
        Some((name.to_owned(), Revision(revision.parse().ok()?)))
    })
}

/// What is there, by transaction: whole, in one revision, and revisions without gaps.
fn check(kvs: &[KeyValue], last: Revision, acknowledged: &BTreeMap<String, Revision>) {
    let mut found = BTreeMap::<String, Vec<Revision>>::new();
    for kv in kvs {
        let name = String::from_utf8_lossy(&kv.value).into_owned();
        assert!(kv.key.starts_with(name.as_bytes()), "{name} is the value of another key");
        found.entry(name).or_default().push(kv.meta.mod_revision());
    }
    for (name, revisions) in &found {
        assert_eq!(revisions.len() as u64, PARTS, "{name} is torn");
        assert!(revisions.iter().all(|revision| *revision == revisions[0]), "{name} has several revisions");
    }
    for (name, revision) in acknowledged {
        assert_eq!(found.get(name).map(|revisions| revisions[0]), Some(*revision), "{name}");
    }
    let mut revisions: Vec<_> = found.values().map(|revisions| revisions[0].0).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, Vec::from_iter(2..=last.0), "a revision for each transaction");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_torn_when_a_store_is_killed() {
    if let Ok(dsn) = std::env::var(CHILD_DSN) {
        child(&dsn, number("AUROCH_ROUND").expect("the parent sets it")).await;
    }
    let (seed, rounds) = seed_and_rounds("backend-postgres", TEST, ROUNDS);
    let mut random = StdRng::seed_from_u64(seed);
    let dsn = Cluster::shared().new_database();
    let survivor = open(&dsn).await;
    let (control, mut events) = survivor.watch();
    control.create(&WatchRequest { start_revision: Revision(1), ..WatchRequest::new(everything()) });
    let mut acknowledged = BTreeMap::new();
    for round in 0..rounds {
        let (lines, delay) = match random.random_range(0..5) {
            // While it connects, makes tables or loads.
            0 => (0, random.random_range(0..100_000)),
            _ => (random.random_range(1..200), random.random_range(0..5000)),
        };
        let (place, plan) = (dsn.clone(), Kill { lines, delay: Duration::from_micros(delay) });
        let killed = move || kill(&place, round, plan);
        acknowledged.extend(tokio::task::spawn_blocking(killed).await.expect("it does not panic"));
        let all = survivor.range(RangeRequest::new(everything())).await.expect("it answers at once");
        check(&all.kvs, all.revision, &acknowledged);
        let mine = format!("survivor-{round:03}");
        let answer = survivor.txn(txn(&mine)).await.expect("it writes on");
        acknowledged.insert(mine, answer.revision);
    }

    // One that opens now sees the same, and the watch of the one that lived on has seen everything.
    let opened = open(&dsn).await;
    let all = opened.range(RangeRequest::new(everything())).await.expect("it answers");
    check(&all.kvs, all.revision, &acknowledged);
    let mut seen = Vec::new();
    while seen.len() < all.kvs.len() {
        if let WatchMessage::Events { events, .. } = events.next().await.expect("it goes on") {
            seen.extend(events.iter().map(|event| (event.meta.id, event.key.clone())));
        }
    }
    let mut written: Vec<_> = all.kvs.iter().map(|kv| (kv.meta.id, kv.key.clone())).collect();
    written.sort();
    assert_eq!(seen, written, "each event once, in order");
}
