//! Many clients at once: what they were told fits one history, which every watch and every range shows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage_core::watch::{WatchControl, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{
    DeleteRangeRequest, Key, KeyValue, MemoryBackend, Op, OpResponse, RangeResponse, Revision, Store, StoreOptions,
    TxnRequest,
};

use crate::support::{all_keys, keys, put_if, range, seed};
use crate::watches::{kv_of, next};

const TASKS: u64 = 64;
const CALLS: usize = 30;
const KEYS: u32 = 20;

/// The log as a watch saw it.
type Log = Vec<KeyValue>;

fn watch(store: &Store) -> (WatchControl, WatchEvents) {
    let (control, events) = store.watch();
    control.create(&WatchRequest { start_revision: Revision(1), ..WatchRequest::new(all_keys()) });
    (control, events)
}

/// Reads a watch up to the key that is written last; `pause` decides whether to let others run before the next message.
async fn read(events: &mut WatchEvents, pause: bool) -> Log {
    let mut log: Log = Vec::new();
    while log.last().is_none_or(|kv| &*kv.key != b"end") {
        if let WatchMessage::Events { events, .. } = next(events).await.expect("it goes on") {
            log.extend(events.iter().map(|event| kv_of(event)));
        }
        if pause {
            tokio::task::yield_now().await;
        }
    }
    log
}

fn state_at(log: &Log, revision: Revision) -> BTreeMap<Key, &KeyValue> {
    let mut state = BTreeMap::new();
    for kv in log.iter().take_while(|kv| kv.meta.mod_revision() <= revision) {
        if kv.meta.is_tombstone() {
            state.remove(&kv.key);
        } else {
            state.insert(kv.key.clone(), kv);
        }
    }
    state
}

/// A range shows exactly the state of its header's revision.
fn check_range(log: &Log, got: &RangeResponse, prefix: &str) {
    let state = state_at(log, got.revision);
    let wanted: Vec<_> = state.into_values().filter(|kv| kv.key.starts_with(prefix.as_bytes())).cloned().collect();
    assert!(got.kvs == wanted, "a range at {} is not a snapshot", got.revision);
    assert_eq!(got.count, wanted.len());
}

/// What one task was told.
#[derive(Default)]
struct Told {
    /// Revision and key of each change.
    changed: Vec<(i64, String)>,
    /// Ranges of single keys, from changes that found another version than they expected.
    found: Vec<(String, RangeResponse)>,
}

async fn client(store: Store, seed: u64) -> Told {
    let mut random = StdRng::seed_from_u64(seed);
    let mut told = Told::default();
    let mut known: BTreeMap<String, Revision> = BTreeMap::new();
    for call in 0..CALLS {
        let key = format!("k{:02}", random.random_range(0..KEYS));
        let revision = known.get(&key).copied().unwrap_or(Revision(0));
        let mut request = put_if(&key, &format!("{seed}/{call}"), revision);
        let deletes = revision.0 > 0 && random.random_range(0..4) == 0;
        if deletes {
            let delete = DeleteRangeRequest { keys: keys(&key, ""), prev_kv: false };
            request = TxnRequest { success: vec![Op::DeleteRange(delete)], ..request };
        }
        let answer = store.txn(request).await.expect("it is answered");
        let revision = match &answer.responses[..] {
            [OpResponse::Range(found)] => {
                told.found.push((key.clone(), found.clone()));
                found.kvs.first().map_or(Revision(0), |kv| kv.meta.mod_revision())
            }
            _ => {
                told.changed.push((answer.revision.0, key.clone()));
                if deletes { Revision(0) } else { answer.revision }
            }
        };
        known.insert(key, revision);
    }
    told
}

async fn run(options: StoreOptions, seed: u64) {
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    let done = Arc::new(AtomicBool::new(false));
    // One watch reads all the time, one slowly, one not before the end.
    let readers: Vec<_> = [false, true]
        .map(|pause| {
            let (_, mut events) = watch(&store);
            tokio::spawn(async move { read(&mut events, pause).await })
        })
        .into();
    let (_control, mut stalled) = watch(&store);
    let snapshots = tokio::spawn({
        let (store, done) = (store.clone(), Arc::clone(&done));
        async move {
            let mut taken = Vec::new();
            while !done.load(Ordering::SeqCst) {
                taken.push(store.range(range("k", "l")).await.expect("it is answered"));
                tokio::task::yield_now().await;
            }
            taken
        }
    });

    let clients = (0..TASKS).map(|task| tokio::spawn(client(store.clone(), seed.wrapping_add(task))));
    let told: Vec<Told> = join_all(clients).await.into_iter().map(|task| task.expect("it does not panic")).collect();
    done.store(true, Ordering::SeqCst);
    let end = store.txn(put_if("end", "x", Revision(0))).await.expect("it is answered");

    let log = read(&mut stalled, false).await;
    let mut changed: Vec<_> = told.iter().flat_map(|told| told.changed.iter().cloned()).collect();
    changed.push((end.revision.0, "end".to_owned()));
    changed.sort();
    let events = log.iter().map(|kv| (kv.meta.mod_revision().0, String::from_utf8_lossy(&kv.key).into_owned()));
    assert_eq!(events.collect::<Vec<_>>(), changed, "every change is one event, in order");
    let revisions: Vec<_> = changed.iter().map(|(revision, _)| *revision).collect();
    assert_eq!(revisions, Vec::from_iter(2..=end.revision.0), "revisions are dense, each was given to one change");
    for reader in readers {
        assert!(reader.await.expect("it does not panic") == log, "all watches see the same");
    }
    for snapshot in snapshots.await.expect("it does not panic") {
        check_range(&log, &snapshot, "k");
    }
    for (key, found) in told.iter().flat_map(|told| &told.found) {
        check_range(&log, found, key);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_are_told_one_history_that_every_watch_and_range_shows() {
    let (seed, again) = seed::seed("concurrency::many_clients_are_told_one_history_that_every_watch_and_range_shows");
    println!("{again}");
    run(StoreOptions::default(), seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_watch_loses_nothing_though_the_ring_holds_next_to_nothing() {
    let (seed, again) = seed::seed("concurrency::a_stalled_watch_loses_nothing_though_the_ring_holds_next_to_nothing");
    println!("{again}");
    run(StoreOptions { ring_bytes: 700, cache_bytes: 0, ..StoreOptions::default() }, seed).await;
}

#[tokio::test]
async fn a_watch_that_nobody_reads_costs_no_more_than_the_ring() {
    const RING_BYTES: usize = 20_000;
    let options = StoreOptions { ring_bytes: RING_BYTES, ..StoreOptions::default() };
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    let _stalled: Vec<_> = (0..50).map(|_| watch(&store)).collect();
    for n in 0..500 {
        store.put(crate::support::put("a", &format!("{n:01000}"))).await.expect("put");
    }
    let stats = store.status().watch;
    assert!(stats.ring_bytes <= RING_BYTES && stats.ring_revisions < 50, "{stats:?}");
}
