//! Compaction while everybody reads and writes: a revision is readable whole, or compacted, and never in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage_core::watch::{CancelCause, WatchMessage, WatchRequest};
use storage_core::{KeyValue, MemoryBackend, RangeRequest, RangeResponse, Revision, Store, StoreError, StoreOptions};

use crate::support::gate::Gate;
use crate::support::{all_keys, put, range, seed};
use crate::watches::{kv_of, next};

const WRITERS: u64 = 6;
const WRITES: usize = 150;
/// How far behind the current revision the compactions are, and how far the reads look back.
const KEPT: i64 = 15;
const BACK: i64 = 25;
/// Events that a watch reads.
const WATCHED: usize = 40;

/// Ranges at random revisions, and what came of them.
async fn read(store: Store, seed: u64, done: Arc<AtomicBool>) -> Vec<(Revision, RangeResponse)> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut read = Vec::new();
    while !done.load(Ordering::SeqCst) {
        let current = store.revision();
        let revision = Revision((current.0 - random.random_range(0..BACK)).max(1));
        match store.range(RangeRequest { revision, ..range("\0", "\0") }).await {
            Ok(response) => read.push((revision, response)),
            Err(StoreError::Compacted { compact_revision }) => assert!(compact_revision > revision),
            Err(other) => panic!("a range at {revision}: {other}"),
        }
        let newest = store.range(range("\0", "\0")).await.expect("the current revision is never compacted");
        read.push((newest.revision, newest));
        match store.hash_kv(revision).await {
            Ok(_) | Err(StoreError::Compacted { .. }) => {}
            Err(other) => panic!("a hash at {revision}: {other}"),
        }
        tokio::task::yield_now().await;
    }
    read
}

/// The first events of a watch from `start`, unless a compaction overtakes it.
async fn watch(store: &Store, start: Revision) -> Vec<KeyValue> {
    let (control, mut events) = store.watch();
    control.create(&WatchRequest { start_revision: start, prev_kv: true, ..WatchRequest::new(all_keys()) });
    let mut seen: Vec<KeyValue> = Vec::new();
    while seen.len() < WATCHED && seen.last().is_none_or(|kv| &*kv.key != b"end") {
        match next(&mut events).await.expect("it goes on") {
            WatchMessage::Events { events, .. } => seen.extend(events.iter().map(|event| kv_of(event))),
            WatchMessage::Canceled { cause: CancelCause::Compacted { .. }, .. } => break,
            WatchMessage::Created { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    seen
}

/// Watches that begin a little behind, one after the other.
async fn watches(store: Store, done: Arc<AtomicBool>) -> Vec<(Revision, Vec<KeyValue>)> {
    let mut watches = Vec::new();
    while !done.load(Ordering::SeqCst) {
        let start = Revision((store.revision().0 - BACK / 2).max(1));
        watches.push((start, watch(&store, start).await));
    }
    watches
}

async fn write(store: Store, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for n in 0..WRITES {
        let key = format!("k{}", random.random_range(0..8));
        if random.random_range(0..5) == 0 {
            let keys = crate::support::keys(&key, "");
            let delete = storage_core::DeleteRangeRequest { keys, prev_kv: true };
            store.delete_range(delete).await.expect("deleted");
        } else {
            store.put(put(&key, &format!("{seed}/{n}"))).await.expect("put");
        }
    }
}

async fn compact(store: Store, done: Arc<AtomicBool>) {
    while !done.load(Ordering::SeqCst) {
        let revision = Revision(store.revision().0 - KEPT);
        if revision > store.status().compact_revision {
            store.compact(revision, true).await.expect("compacted");
        }
        tokio::task::yield_now().await;
    }
}

fn check(log: &[KeyValue], revision: Revision, got: &RangeResponse) {
    let mut state = BTreeMap::new();
    for kv in log.iter().take_while(|kv| kv.meta.mod_revision() <= revision) {
        state.insert(kv.key.clone(), kv);
    }
    let wanted: Vec<_> = state.into_values().filter(|kv| !kv.meta.is_tombstone()).cloned().collect();
    assert!(got.kvs == wanted && got.count == wanted.len(), "a range at {revision} is not what was there");
}

async fn run(options: StoreOptions, seed: u64) {
    let gate = Gate::open(Arc::new(MemoryBackend::new()));
    let store = Store::open(Arc::clone(&gate) as _, options).await.expect("it opens");
    let done = Arc::new(AtomicBool::new(false));
    let watches = tokio::spawn(watches(store.clone(), Arc::clone(&done)));
    let readers: Vec<_> = (0..2).map(|n| tokio::spawn(read(store.clone(), seed ^ n, Arc::clone(&done)))).collect();
    let compactor = tokio::spawn(compact(store.clone(), Arc::clone(&done)));
    let writers = (0..WRITERS).map(|n| tokio::spawn(write(store.clone(), seed.wrapping_add(n))));
    for writer in join_all(writers).await {
        writer.expect("it does not panic");
    }
    done.store(true, Ordering::SeqCst);
    compactor.await.expect("it does not panic");
    store.put(put("end", "x")).await.expect("put");

    let log = gate.log();
    for reader in readers {
        for (revision, response) in reader.await.expect("it does not panic") {
            check(&log, revision, &response);
        }
    }
    for (start, seen) in watches.await.expect("it does not panic") {
        let from = log.partition_point(|kv| kv.meta.mod_revision() < start);
        assert!(log[from..].starts_with(&seen), "a watch from {start} sees other events");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_and_watches_during_compaction_are_whole_or_refused() {
    let (seed, again) = seed::seed("compaction::reads_and_watches_during_compaction_are_whole_or_refused");
    println!("{again}");
    let options = StoreOptions { compaction_batch: 7, compaction_pause: Duration::ZERO, ..StoreOptions::default() };
    run(options, seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_they_are_without_cache_and_ring() {
    let (seed, again) = seed::seed("compaction::so_they_are_without_cache_and_ring");
    println!("{again}");
    let options = StoreOptions { compaction_batch: 7, compaction_pause: Duration::ZERO, ..StoreOptions::default() };
    run(StoreOptions { ring_bytes: 3000, cache_bytes: 0, ..options }, seed).await;
}
