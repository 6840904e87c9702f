//! Two stores on one log, as two servers on one database: each append of one is a conflict for the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use storage_core::watch::{WatchControl, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{LeaseId, MemoryBackend, Revision, Store, StoreError, StoreOptions};

use crate::support::{all_keys, put, put_if, range};
use crate::watches::next;

const WRITERS: usize = 8;
const CREATES: usize = 25;

async fn open(memory: &Arc<MemoryBackend>) -> Store {
    Store::open(Arc::clone(memory) as _, StoreOptions::default()).await.expect("it opens")
}

fn watch(store: &Store) -> (WatchControl, WatchEvents) {
    let (control, events) = store.watch();
    control.create(&WatchRequest { start_revision: Revision(1), prev_kv: true, ..WatchRequest::new(all_keys()) });
    (control, events)
}

/// Revision and key of every event through `last`.
async fn seen(events: &mut WatchEvents, last: Revision) -> Vec<(i64, String)> {
    let mut seen: Vec<(i64, String)> = Vec::new();
    while seen.last().is_none_or(|(revision, _)| *revision < last.0) {
        if let WatchMessage::Events { events, .. } = next(events).await.expect("it goes on") {
            seen.extend(events.iter().map(|e| (e.meta.mod_revision().0, String::from_utf8_lossy(&e.key).into_owned())));
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_log_lose_nothing_and_leave_no_gap() {
    let memory = Arc::new(MemoryBackend::new());
    let (one, two) = (open(&memory).await, open(&memory).await);
    let mut watches = [watch(&one), watch(&two)];

    // Both create at once, some keys of the one being those of the other.
    let create = |store: &Store, writer: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0..CREATES {
                let key = format!("{:03}", (writer / 2 * CREATES + n) % 150);
                let answer = store.txn(put_if(&key, "x", Revision(0))).await.expect("it is answered");
                if answer.succeeded {
                    acknowledged.push((answer.revision.0, key));
                }
            }
            acknowledged
        })
    };
    let tasks = (0..2 * WRITERS).map(|writer| create(if writer % 2 == 0 { &one } else { &two }, writer));
    let acknowledged = join_all(tasks).await.into_iter().flat_map(|task| task.expect("it does not panic"));
    let mut acknowledged: Vec<(i64, String)> = acknowledged.collect();
    acknowledged.sort();
    let revisions: Vec<i64> = acknowledged.iter().map(|(revision, _)| *revision).collect();
    assert_eq!(revisions, Vec::from_iter(2..2 + revisions.len() as i64), "revisions are dense");
    let by_key: BTreeMap<_, _> = acknowledged.iter().map(|(revision, key)| (key.clone(), *revision)).collect();
    assert_eq!(by_key.len(), acknowledged.len(), "no key was created twice");

    // A store learns of the other's commits when its own append conflicts.
    for store in [&one, &two, &one] {
        let answer = store.put(put("last", "x")).await.expect("it is answered");
        acknowledged.push((answer.revision.0, "last".to_owned()));
    }
    let last = Revision(acknowledged.last().expect("there are some").0 - 1);
    for (store, (_, events)) in [&one, &two].into_iter().zip(&mut watches) {
        let mut seen = seen(events, last).await;
        seen.retain(|(revision, _)| *revision <= last.0);
        assert_eq!(seen, acknowledged[..acknowledged.len() - 1], "each event once and in order");
        let created = store.range(range("0", "2")).await.expect("it answers");
        let kvs =
            created.kvs.iter().map(|kv| (String::from_utf8_lossy(&kv.key).into_owned(), kv.meta.mod_revision().0));
        assert_eq!(kvs.collect::<BTreeMap<_, _>>(), by_key, "every acknowledged create is there");
    }

    one.close().await.expect("it closes");
    memory.reopen();
    two.close().await.expect("it closes");
}

#[tokio::test]
async fn a_lease_of_the_other_store_is_known_after_a_conflict() {
    let memory = Arc::new(MemoryBackend::new());
    let (one, two) = (open(&memory).await, open(&memory).await);
    one.lease_grant(LeaseId(7), 60).await.expect("granted");
    two.put(put("a", "x")).await.expect("put");
    assert_eq!(two.lease_time_to_live(LeaseId(7), false).await.expect("it answers").granted_ttl, 60);
    assert_eq!(two.lease_grant(LeaseId(7), 60).await, Err(StoreError::LeaseExists));
}

#[tokio::test]
async fn a_store_that_the_log_was_compacted_past_says_so_and_reads_on() {
    let memory = Arc::new(MemoryBackend::new());
    let (one, two) = (open(&memory).await, open(&memory).await);
    for value in ["1", "2", "3"] {
        two.put(put("a", value)).await.expect("put");
    }
    two.compact(Revision(4), true).await.expect("compacted");
    // What the first store would have to know of revisions 2 and 3 is gone.
    let refused = one.put(put("b", "x")).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert!(one.status().failure.is_some());
    assert_eq!(one.range(range("a", "")).await.map(|r| r.revision), Ok(Revision(1)));
    let reopened = open(&memory).await;
    assert_eq!(reopened.put(put("b", "x")).await.map(|r| r.revision), Ok(Revision(5)));
}
