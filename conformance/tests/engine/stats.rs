//! What the engine counts.

use std::sync::Arc;
use std::time::Duration;

use storage_core::stats::StoreStats;
use storage_core::watch::WatchRequest;
use storage_core::{
    DeleteRangeRequest, LeaseId, MemoryBackend, PutLease, PutRequest, Revision, Store, StoreOptions, TxnRequest,
};

use crate::support::clock::ManualClock;
use crate::support::{all_keys, keys, put, put_if, range};

async fn open() -> (Store, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let options = StoreOptions { environment: Arc::clone(&clock) as _, ..StoreOptions::default() };
    (Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens"), clock)
}

fn evaluations(stats: &StoreStats, kind: &str, success: bool) -> u64 {
    let counted = stats.evaluations.iter().find(|e| e.kind == kind && e.success == success);
    counted.map_or(0, |e| e.durations.count())
}

#[tokio::test]
async fn operations_are_counted_one_by_one_those_of_transactions_too() {
    let (store, _) = open().await;
    store.put(put("a", "123")).await.unwrap();
    store.range(range("a", "")).await.unwrap();
    store.delete_range(DeleteRangeRequest { keys: all_keys(), prev_kv: false }).await.unwrap();
    store.delete_range(DeleteRangeRequest { keys: all_keys(), prev_kv: false }).await.unwrap();
    // A compare and a put, then a compare and a range.
    store.txn(put_if("a", "4567", Revision(0))).await.unwrap();
    store.txn(put_if("a", "x", Revision(0))).await.unwrap();
    let lone = TxnRequest {
        compares: Vec::new(),
        success: vec![storage_core::Op::Range(range("a", ""))],
        failure: Vec::new(),
    };
    store.txn(lone).await.unwrap();

    let operations = store.stats().operations;
    assert_eq!((operations.puts, operations.deletes, operations.ranges), (2, 2, 1 + 1 + 2 + 1));
    assert_eq!((operations.txns, operations.put_bytes), (2, 4 + 5));
}

#[tokio::test]
async fn a_request_that_fails_is_no_operation() {
    let (store, _) = open().await;
    let lease = PutLease::Set(LeaseId(9));
    store.put(PutRequest { lease, ..put("a", "1") }).await.unwrap_err();
    let stats = store.stats();
    assert_eq!((stats.operations.puts, stats.operations.put_bytes), (0, 0));
    assert_eq!((evaluations(&stats, "Put", false), evaluations(&stats, "Put", true)), (1, 0));
    assert_eq!((stats.appends.failed, stats.appends.waiting), (0, 0), "it was no failure of the storage");
}

#[tokio::test]
async fn leases_are_counted_as_they_come_and_go() {
    let (store, clock) = open().await;
    for id in 1..=3 {
        store.lease_grant(LeaseId(id), 10).await.unwrap();
    }
    store.put(PutRequest { lease: PutLease::Set(LeaseId(1)), ..put("a", "1") }).await.unwrap();
    store.put(PutRequest { lease: PutLease::Set(LeaseId(1)), ..put("b", "1") }).await.unwrap();
    store.lease_keep_alive(LeaseId(2)).await.unwrap();
    store.lease_keep_alive(LeaseId(99)).await.unwrap();
    store.lease_revoke(LeaseId(1)).await.unwrap();
    let stats = store.stats();
    let leases = &stats.leases;
    assert_eq!((leases.leases, leases.granted, leases.renewed), (2, 3, 1));
    assert_eq!((leases.revoked, leases.expired, stats.operations.deletes), (1, 0, 2));
    assert_eq!((leases.ttls.count(), leases.ttls.sum), (3, 30));

    clock.advance(Duration::from_secs(20));
    // The lease that runs out is revoked before a write that comes after it.
    store.put(put("c", "1")).await.unwrap();
    while store.stats().leases.leases > 0 {
        store.put(put("c", "1")).await.unwrap();
    }
    let leases = store.stats().leases;
    assert_eq!((leases.revoked, leases.expired), (3, 2));
}

#[tokio::test]
async fn groups_and_values_and_the_index_are_counted() {
    let (store, _) = open().await;
    store.put(put("a", "1")).await.unwrap();
    store.put(put("b", "1")).await.unwrap();
    store.delete_range(DeleteRangeRequest { keys: keys("b", ""), prev_kv: false }).await.unwrap();
    store.range(range("a", "")).await.unwrap();
    let stats = store.stats();
    assert_eq!((stats.index.keys, stats.index.live_keys), (2, 1));
    assert_eq!(stats.appends.group_commits.sum, 3);
    assert_eq!(stats.appends.durations.count(), stats.appends.group_commits.count());
    assert_eq!((stats.values.hits, stats.values.misses), (1, 0));
    assert!(stats.appends.group_bytes.sum > 0 && stats.values.bytes > 0);
}

#[tokio::test]
async fn a_compaction_counts_what_it_removes() {
    let (store, _) = open().await;
    for value in ["1", "2", "3"] {
        store.put(put("a", value)).await.unwrap();
    }
    store.compact(Revision(4), true).await.unwrap();
    let compaction = store.stats().compaction;
    assert_eq!((compaction.removed, compaction.totals.count()), (2, 1));
    assert!(compaction.steps.count() >= 2 && compaction.index_pauses.count() >= 2);
    assert!(compaction.last > Duration::from_secs(1_600_000_000));
}

#[tokio::test]
async fn watchers_count_what_waits_for_them_and_what_they_took() {
    let (store, _) = open().await;
    let (control, mut events) = store.watch();
    control.create(&WatchRequest::new(all_keys()));
    events.next().await.expect("it is created");
    store.put(put("a", "1")).await.unwrap();
    store.put(put("a", "2")).await.unwrap();
    let watch = store.stats().watch;
    assert_eq!((watch.watchers, watch.pending, watch.events), (1, 2, 0));
    events.next().await.expect("events");
    let watch = store.stats().watch;
    assert_eq!((watch.pending, watch.events, watch.fell_behind), (0, 2, 0));
    store.put(put("a", "3")).await.unwrap();
    drop(events);
    assert_eq!(store.stats().watch.pending, 0);
}
