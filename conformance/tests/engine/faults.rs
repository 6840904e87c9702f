//! What happens to whom when the storage fails, fault by fault.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::watch::{WatchMessage, WatchRequest};
use storage_core::{LeaseId, MemoryBackend, PutRequest, Revision, Store, StoreError, StoreOptions};

use crate::support::{all_keys, put, put_if, range};
use crate::watches::next;

struct World {
    memory: Arc<MemoryBackend>,
    faults: Arc<FaultBackend>,
    store: Store,
}

impl World {
    async fn new() -> Self {
        Self::over(Arc::new(MemoryBackend::new())).await
    }

    async fn over(memory: Arc<MemoryBackend>) -> Self {
        Self::with(memory, StoreOptions::default()).await
    }

    async fn with(memory: Arc<MemoryBackend>, options: StoreOptions) -> Self {
        let faults = Arc::new(FaultBackend::new(Arc::clone(&memory) as _));
        let store = Store::open(Arc::clone(&faults) as _, options).await.expect("it opens");
        Self { memory, faults, store }
    }

    async fn reopened(self) -> Self {
        self.store.close().await.expect("it closes");
        self.memory.reopen();
        Self::over(self.memory).await
    }

    /// Puts sent at once; the first makes a group of its own.
    async fn puts(&self, keys: &[&str]) -> Vec<Result<Revision, StoreError>> {
        let puts = keys.iter().map(|key| self.store.put(put(key, "x")));
        join_all(puts).await.into_iter().map(|answer| answer.map(|r| r.revision)).collect()
    }

    async fn keys(&self) -> Vec<String> {
        let answer = self.store.range(range("\0", "\0")).await.expect("reads go on");
        answer.kvs.iter().map(|kv| String::from_utf8_lossy(&kv.key).into_owned()).collect()
    }
}

fn is_refused<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Refused(_)))
}

fn is_failed<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Failed(_)))
}

fn is_unknown<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unknown(_)))
}

#[tokio::test]
async fn a_refused_write_did_not_happen_and_later_ones_do() {
    let world = World::new().await;
    world.faults.script([Fault::Refused]);
    assert!(is_refused(&world.store.put(put("a", "x")).await));
    assert!(world.store.status().failure.is_some(), "the failure is shown");
    assert!(world.keys().await.is_empty());
    assert_eq!(world.puts(&["b"]).await, [Ok(Revision(2))]);
    assert_eq!(world.store.status().failure, None, "the failure is over");
    assert_eq!(world.reopened().await.keys().await, ["b"]);
}

/// Waits until the store says nothing of a failure any more, which it must find out by itself.
async fn is_well_again(store: &Store) {
    let well = async {
        while store.status().failure.is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), well).await.expect("it finds out that the storage is back");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_nobody_writes_to_finds_out_that_its_storage_is_back_whatever_failed_last() {
    let world = World::over(Arc::new(MemoryBackend::shared())).await;
    for last in [Fault::Unreachable, Fault::Refused] {
        world.faults.script([Fault::Unreachable, last]);
        assert!(is_refused(&world.store.put(put("a", "x")).await));
        assert!(is_refused(&world.store.put(put("a", "x")).await));
        assert!(world.store.status().failure.is_some(), "{last:?}");
        is_well_again(&world.store).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_whose_question_for_the_end_failed_asks_again() {
    let world = World::over(Arc::new(MemoryBackend::shared())).await;
    world.faults.fail_end(true);
    assert_eq!(world.store.lease_revoke(LeaseId(9)).await.map(drop).map_err(|_| ()), Err(()));
    assert!(world.store.status().failure.is_some());
    world.faults.fail_end(false);
    is_well_again(&world.store).await;
}

#[tokio::test]
async fn requests_on_top_of_a_refused_group_are_evaluated_without_it() {
    let world = World::new().await;
    world.faults.script([Fault::Refused]);
    let create = || world.store.txn(put_if("a", "x", Revision(0)));
    // The first is sent off alone; the second sees its key until it is refused.
    let first = tokio::spawn({
        let store = world.store.clone();
        async move { store.txn(put_if("a", "x", Revision(0))).await }
    });
    let second = create();
    let (first, second) = tokio::join!(first, second);
    let answers = [first.expect("it does not panic"), second];
    let refused = answers.iter().filter(|a| is_refused(a)).count();
    let succeeded =
        answers.iter().filter(|a| a.as_ref().is_ok_and(|r| r.succeeded && r.revision == Revision(2))).count();
    // If both went into one group both are refused, and a third finds nothing there.
    assert!((refused, succeeded) == (1, 1) || refused == 2, "{answers:?}");
    let third = create().await.expect("the storage takes writes again");
    assert_eq!(third.succeeded, refused == 2);
}

#[tokio::test]
async fn a_lost_append_is_tried_until_it_is_there() {
    let world = World::new().await;
    world.faults.script([Fault::Lost, Fault::Lost]);
    assert_eq!(world.puts(&["a", "b", "c"]).await, [Ok(Revision(2)), Ok(Revision(3)), Ok(Revision(4))]);
    assert_eq!(world.faults.pending(), 0);
    assert_eq!(world.store.status().failure, None);
    assert_eq!(world.reopened().await.keys().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn an_append_of_unknown_outcome_that_happened_is_applied_once() {
    let world = World::new().await;
    world.faults.script([Fault::HappenedUnknown]);
    assert_eq!(world.puts(&["a", "b"]).await, [Ok(Revision(2)), Ok(Revision(3))]);
    assert_eq!(world.store.status().failure, None);
    let world = world.reopened().await;
    assert_eq!((world.keys().await, world.store.revision()), (vec!["a".into(), "b".into()], Revision(3)));
}

#[tokio::test]
async fn an_append_that_may_have_happened_is_not_called_refused_because_its_second_try_was() {
    for first in [Fault::HappenedUnknown, Fault::Lost] {
        let world = World::new().await;
        world.faults.script([first, Fault::Refused]);
        assert_eq!(world.puts(&["a"]).await, [Ok(Revision(2))], "{first:?}");
        assert_eq!(world.puts(&["b"]).await, [Ok(Revision(3))], "{first:?}");
        assert_eq!(world.reopened().await.keys().await, ["a", "b"], "{first:?}");
    }
}

#[tokio::test]
async fn a_failed_flush_stops_writes_and_nothing_else() {
    let world = World::new().await;
    assert_eq!(world.puts(&["a"]).await, [Ok(Revision(2))]);
    let (control, mut events) = world.store.watch();
    control.create(&WatchRequest { start_revision: Revision(2), ..WatchRequest::new(all_keys()) });
    world.faults.script([Fault::Poison]);
    assert!(is_unknown(&world.store.put(put("b", "x")).await));
    assert!(is_failed(&world.store.put(put("c", "x")).await), "writes are refused");
    assert!(is_failed(&world.store.txn(put_if("d", "x", Revision(0))).await));
    assert!(is_failed(&world.store.lease_grant(LeaseId(1), 60).await));
    assert!(is_failed(&world.store.compact(Revision(2), false).await));
    assert!(world.store.status().failure.is_some());
    // Reads and watches go on.
    assert_eq!(world.keys().await, ["a"]);
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Created { .. })));
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Events { events, .. }) if events.len() == 1));
    control.request_progress();
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Progress { revision: Revision(2), .. })));
    // What was acknowledged is there, and the storage works again once it is reopened.
    let world = world.reopened().await;
    assert_eq!(world.keys().await, ["a"]);
    assert_eq!(world.store.status().failure, None);
    assert_eq!(world.puts(&["b"]).await, [Ok(Revision(3))]);
}

#[tokio::test]
async fn a_bad_request_to_a_failed_store_gets_its_own_error() {
    let world = World::new().await;
    world.faults.script([Fault::Poison]);
    assert!(is_unknown(&world.store.put(put("a", "x")).await));
    assert_eq!(world.store.lease_revoke(LeaseId(9)).await, Err(StoreError::LeaseNotFound));
    assert_eq!(world.store.compact(Revision(99), false).await, Err(StoreError::FutureRevision));
}

#[tokio::test]
async fn a_write_whose_flush_failed_late_is_there_after_opening_again() {
    let world = World::new().await;
    world.faults.script([Fault::HappenedPoison]);
    assert!(is_unknown(&world.store.put(put("a", "x")).await));
    assert!(world.keys().await.is_empty(), "nothing that was not acknowledged is shown");
    let world = world.reopened().await;
    assert_eq!((world.keys().await, world.store.revision()), (vec!["a".into()], Revision(2)));
}

#[tokio::test]
async fn a_rejection_that_rests_on_a_failed_write_is_not_given() {
    let world = World::new().await;
    world.faults.script([Fault::Poison]);
    let (granted, again) =
        tokio::join!(world.store.lease_grant(LeaseId(5), 60), world.store.lease_grant(LeaseId(5), 60),);
    assert!(is_unknown(&granted));
    assert!(is_failed(&again), "that the lease exists is not known: {again:?}");
}

#[tokio::test]
async fn a_renewed_lease_whose_revocation_was_refused_keeps_its_deadline_over_a_restart() {
    let clock = Arc::new(crate::support::clock::ManualClock::default());
    let options = StoreOptions { environment: Arc::clone(&clock) as _, ..StoreOptions::default() };
    let memory = Arc::new(MemoryBackend::new());
    let faults = Arc::new(FaultBackend::new(Arc::clone(&memory) as _));
    let store = Store::open(Arc::clone(&faults) as _, options.clone()).await.expect("it opens");
    store.lease_grant(LeaseId(1), 10).await.expect("granted");
    clock.advance(Duration::from_secs(8));
    store.lease_keep_alive(LeaseId(1)).await.expect("renewed");
    faults.script([Fault::Refused]);
    assert!(is_refused(&store.lease_revoke(LeaseId(1)).await));
    store.close().await.expect("it closes");
    memory.reopen();
    let store = Store::open(memory, options).await.expect("it opens");
    let left = store.lease_time_to_live(LeaseId(1), false).await.expect("it answers");
    assert_eq!((left.ttl, left.granted_ttl), (10, 10));
}

#[tokio::test]
async fn a_durable_write_whose_previous_value_cannot_be_read_is_not_called_refused() {
    let uncached = StoreOptions { cache_bytes: 0, ..StoreOptions::default() };
    let world = World::with(Arc::new(MemoryBackend::new()), uncached).await;
    world.store.put(put("a", "old")).await.expect("it is written");
    world.faults.fail_values(true);
    let with_prev = PutRequest { prev_kv: true, ..put("a", "new") };
    assert!(is_unknown(&world.store.put(with_prev).await));
    world.faults.fail_values(false);
    let answer = world.store.range(range("a", "")).await.expect("reads go on");
    assert_eq!(answer.kvs[0].value, "new");
}

#[tokio::test(start_paused = true)]
async fn an_append_whose_outcome_stays_unknown_keeps_nobody_waiting_for_ever() {
    const MANY: usize = 51;
    for first in [Fault::Lost, Fault::HappenedUnknown] {
        let world = World::new().await;
        let lost = std::iter::repeat_n(Fault::Lost, MANY - 1);
        world.faults.script(std::iter::once(first).chain(lost));
        assert!(is_unknown(&world.store.put(put("a", "x")).await));
        assert_eq!(world.faults.pending(), 0);
        // A request that comes next is served, and if the first happened after all it is where it happened.
        let next = world.store.put(put("b", "x")).await.expect("it goes on").revision;
        let happened = first == Fault::HappenedUnknown;
        assert_eq!(next, Revision(if happened { 3 } else { 2 }));
        let keys: &[&str] = if happened { &["a", "b"] } else { &["b"] };
        assert_eq!(world.keys().await, keys);
    }
}
