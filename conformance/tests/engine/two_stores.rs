//! Two stores on one log, as two servers on one database: each append of one is a conflict for the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use storage_core::watch::{CancelCause, WatchControl, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{LeaseId, MemoryBackend, Revision, Store, StoreError, StoreOptions, TxnRequest};

use crate::support::gate::Gate;
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
    let memory = Arc::new(MemoryBackend::shared());
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

    // Both hear of what the other has written last.
    for store in [&one, &two, &one] {
        let answer = store.put(put("last", "x")).await.expect("it is answered");
        acknowledged.push((answer.revision.0, "last".to_owned()));
    }
    let last = Revision(acknowledged.last().expect("there are some").0);
    for (store, (_, events)) in [&one, &two].into_iter().zip(&mut watches) {
        assert_eq!(seen(events, last).await, acknowledged, "each event once and in order");
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
async fn what_one_store_acknowledged_the_other_answers_by() {
    let memory = Arc::new(MemoryBackend::shared());
    let (one, two) = (open(&memory).await, open(&memory).await);
    for round in 0..100 {
        let value = round.to_string();
        let written = one.put(put("a", &value)).await.expect("put").revision;
        // Nothing is written here, so nothing could conflict.
        let read = two.range(range("a", "")).await.expect("it answers");
        assert_eq!((read.revision, &read.kvs[0].value[..]), (written, value.as_bytes()));
        let refused = two.txn(put_if("a", "never", Revision(written.0 - 1))).await.expect("it answers");
        assert!(!refused.succeeded);
        let mut parts = two.range_stream(storage_core::RangeRequest::new(all_keys()), 1 << 20).expect("it begins");
        let part = parts.next().await.expect("a part").expect("it answers");
        assert_eq!(part.end.expect("the last one").revision, written);

        one.lease_grant(LeaseId(round + 1), 60).await.expect("granted");
        assert_eq!(two.lease_keep_alive(LeaseId(round + 1)).await.expect("it answers").ttl, 60);
        assert_eq!(two.lease_grant(LeaseId(round + 1), 60).await, Err(StoreError::LeaseExists));
    }
}

#[tokio::test]
async fn a_store_that_writes_nothing_sees_the_events_of_the_other() {
    let memory = Arc::new(MemoryBackend::shared());
    let (one, two) = (open(&memory).await, open(&memory).await);
    let (_control, mut events) = watch(&two);
    let written = one.put(put("a", "x")).await.expect("put").revision;
    assert_eq!(seen(&mut events, written).await, [(written.0, "a".to_owned())]);
}

#[tokio::test]
async fn a_store_that_the_log_was_compacted_past_reads_it_anew() {
    let memory = Arc::new(MemoryBackend::shared());
    // The first hears of nothing, as if it had been stopped.
    let deaf = Gate::deaf(Arc::clone(&memory) as _);
    let one = Store::open(deaf, StoreOptions::default()).await.expect("it opens");
    let two = open(&memory).await;
    let (_control, mut events) = watch(&one);
    for value in ["1", "2", "3"] {
        two.put(put("a", value)).await.expect("put");
    }
    two.lease_grant(LeaseId(7), 60).await.expect("granted");
    two.compact(Revision(4), true).await.expect("compacted");
    let answer = one.put(put("b", "x")).await.expect("it is written");
    assert_eq!(answer.revision, Revision(5));
    let all = one.range(storage_core::RangeRequest::new(all_keys())).await.expect("it answers");
    assert_eq!(all.count, 2);
    assert_eq!(one.lease_time_to_live(LeaseId(7), false).await.expect("it answers").granted_ttl, 60);
    // The watch wanted revisions that are gone.
    loop {
        match next(&mut events).await.expect("it goes on") {
            WatchMessage::Canceled { cause, .. } => {
                assert_eq!(cause, CancelCause::Compacted { compact_revision: Revision(4) });
                break;
            }
            WatchMessage::Events { .. } => panic!("events of compacted revisions"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_transaction_of_nothing_answers_with_the_revision_that_another_store_has_reached() {
    let memory = Arc::new(MemoryBackend::shared());
    let one = Store::open(Gate::deaf(Arc::clone(&memory) as _), StoreOptions::default()).await.expect("it opens");
    let written = open(&memory).await.put(put("a", "x")).await.expect("put").revision;
    assert_eq!(one.txn(TxnRequest::default()).await.expect("it answers").revision, written);
}

/// The clock jumps to what is waited for next, so this takes no time.
#[tokio::test(start_paused = true)]
async fn who_shares_a_log_is_not_waited_for_longer_than_anything_else() {
    let gate = Gate::open(Arc::new(MemoryBackend::shared()));
    let one = Store::open(Arc::clone(&gate) as _, StoreOptions::default()).await.expect("it opens");
    gate.peers.shut();
    let asked = tokio::time::timeout(Duration::from_secs(10), one.peers()).await;
    assert!(matches!(asked, Ok(Err(StoreError::Unknown(_)))), "{asked:?}");
}

/// etcd's read index: a read that comes while the question is on its way needs another one, and all that come by then share it.
#[tokio::test]
async fn reads_that_wait_ask_for_the_end_of_the_log_once_for_all() {
    const READS: usize = 100;
    let memory = Arc::new(MemoryBackend::shared());
    let two = open(&memory).await;
    let gate = Gate::deaf(memory);
    let one = Store::open(Arc::clone(&gate) as _, StoreOptions::default()).await.expect("it opens");
    gate.ends.shut();
    let asked = gate.ends.passed();
    let read = || {
        let one = one.clone();
        tokio::spawn(async move { one.range(range("a", "")).await.expect("it answers").revision })
    };
    let first = read();
    while gate.ends.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let written = two.put(put("a", "x")).await.expect("put").revision;
    let others: Vec<_> = (0..READS).map(|_| read()).collect();
    tokio::task::yield_now().await;
    assert_eq!(gate.ends.waiting(), 1);
    gate.ends.open();
    first.await.expect("it is answered");
    for revision in join_all(others).await {
        assert_eq!(revision.expect("it is answered"), written);
    }
    assert_eq!(gate.ends.passed() - asked, 2);
}

/// What comes with a turn is shown only when the group on top of it is on its way, but then it is: it is durable, and the group may
/// take long.
#[tokio::test]
async fn what_another_store_has_appended_is_seen_while_a_group_on_top_of_it_is_on_its_way() {
    let memory = Arc::new(MemoryBackend::shared());
    let gate = Gate::deaf(Arc::clone(&memory) as _);
    let one = Store::open(Arc::clone(&gate) as _, StoreOptions::default()).await.expect("it opens");
    let two = open(&memory).await;
    // From this conflict on it takes turns.
    two.put(put("a", "x")).await.expect("put");
    one.put(put("b", "x")).await.expect("put");

    let theirs = two.put(put("c", "x")).await.expect("put").revision;
    gate.shut();
    let (_control, mut events) = watch(&one);
    let writer = one.clone();
    let ours = tokio::spawn(async move { writer.put(put("d", "x")).await.expect("put").revision });
    let keys = seen(&mut events, theirs).await.into_iter().map(|(_, key)| key);
    assert_eq!(Vec::from_iter(keys), ["a", "b", "c"]);
    while gate.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    let request = storage_core::RangeRequest { serializable: true, ..storage_core::RangeRequest::new(all_keys()) };
    let read = one.range(request).await.expect("it answers");
    assert_eq!((read.revision, read.count), (theirs, 3), "its own is not durable");
    gate.let_through(1);
    assert_eq!(ours.await.expect("it does not panic"), theirs.next());
}
