//! Two stores on one log, of which one sweeps what the other is reading: that one's pins do not keep it.

use std::sync::Arc;

use bytes::Bytes;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::{
    Compare, CompareTarget, MemoryBackend, Op, RangeRequest, Relation, Revision, Store, StoreError, StoreOptions,
    TxnRequest,
};
use tokio::task::yield_now;

use crate::support::gate::Gate;
use crate::support::{all_keys, keys, put, range};

/// Two stores with "a" = "old" at revision 2. Then the second has written "new" at 3, compacted there and swept, of which the first,
/// which hears of nothing unless it asks, has not heard; and it has no value in memory.
async fn swept_behind_its_back() -> (Store, Store) {
    let memory = Arc::new(MemoryBackend::shared());
    let two = open(Arc::clone(&memory) as _).await;
    two.put(put("a", "old")).await.expect("put");
    let one = open(Gate::deaf(memory)).await;
    two.put(put("a", "new")).await.expect("put");
    two.compact(Revision(3), true).await.expect("compacted");
    (one, two)
}

async fn open(backend: Arc<dyn storage_core::Backend>) -> Store {
    Store::open(backend, StoreOptions::default()).await.expect("it opens")
}

fn serializable(request: RangeRequest) -> RangeRequest {
    RangeRequest { serializable: true, ..request }
}

const COMPACTED: StoreError = StoreError::Compacted { compact_revision: Revision(3) };

#[tokio::test]
async fn a_list_at_a_revision_that_another_store_has_swept_is_compacted() {
    let (one, _two) = swept_behind_its_back().await;
    let at = RangeRequest { revision: Revision(2), ..range("a", "") };
    assert_eq!(one.range(serializable(at)).await, Err(COMPACTED));
}

#[tokio::test]
async fn a_stream_of_what_another_store_has_swept_ends_as_compacted() {
    let (one, _two) = swept_behind_its_back().await;
    let mut parts = one.range_stream(serializable(range("a", "")), 1 << 20).expect("it begins");
    assert_eq!(parts.next().await.expect("it says so").err(), Some(COMPACTED));
    assert!(parts.next().await.is_none());
}

/// Serializable reads may be of the past, but not of one that is no more.
#[tokio::test]
async fn a_read_of_now_that_another_store_has_swept_reads_what_came_after() {
    let (one, _two) = swept_behind_its_back().await;
    let read = one.range(serializable(range("a", ""))).await.expect("it answers");
    assert_eq!((read.revision, &read.kvs[0].value[..]), (Revision(3), b"new".as_slice()));
}

fn if_value_is(value: &'static str, then: Op) -> TxnRequest {
    let target = CompareTarget::Value(Bytes::from_static(value.as_bytes()));
    let compares = vec![Compare { keys: keys("a", ""), relation: Relation::Equal, target }];
    TxnRequest { compares, success: vec![then], failure: Vec::new() }
}

#[tokio::test]
async fn a_transaction_that_reads_compares_what_came_after_what_another_store_has_swept() {
    let (one, _two) = swept_behind_its_back().await;
    let read = Op::Range(serializable(range("a", "")));
    let answer = one.txn(if_value_is("new", read)).await.expect("it answers");
    assert!(answer.succeeded);
    assert_eq!(answer.revision, Revision(3));
}

#[tokio::test]
async fn a_write_compares_what_came_after_what_another_store_has_swept() {
    for (value, succeeds) in [("old", false), ("new", true)] {
        let (one, two) = swept_behind_its_back().await;
        let answer = one.txn(if_value_is(value, Op::Put(put("b", "x")))).await.expect("it answers");
        assert_eq!(answer.succeeded, succeeds, "{value}");
        assert_eq!(two.range(range("b", "")).await.expect("it answers").count, usize::from(succeeds));
    }
}

#[tokio::test]
async fn a_hash_through_which_another_store_sweeps_is_taken_again() {
    let memory = Arc::new(MemoryBackend::shared());
    let two = open(Arc::clone(&memory) as _).await;
    two.put(put("a", "old")).await.expect("put");
    let gate = Gate::open(memory);
    let one = open(Arc::clone(&gate) as _).await;
    gate.scans.shut();
    let hash = |revision| {
        let one = one.clone();
        tokio::spawn(async move { one.hash_kv(Revision(revision)).await })
    };
    let (of_now, of_then) = (hash(0), hash(2));
    while gate.scans.waiting() < 2 {
        yield_now().await;
    }
    two.put(put("a", "new")).await.expect("put");
    two.compact(Revision(3), true).await.expect("compacted");
    gate.scans.open();
    let hash = of_now.await.expect("it ends").expect("it answers");
    assert_eq!(hash, two.hash_kv(Revision(0)).await.expect("it answers"));
    assert_eq!(of_then.await.expect("it ends"), Err(COMPACTED));
    assert_eq!(one.range(RangeRequest::new(all_keys())).await.expect("it answers").count, 1);
}

/// Evaluated again it would be applied twice.
#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_that_another_store_has_swept_is_not_applied_twice() {
    let memory = Arc::new(MemoryBackend::shared());
    let two = open(Arc::clone(&memory) as _).await;
    let faults = Arc::new(FaultBackend::new(memory));
    let one = open(Arc::clone(&faults) as _).await;
    faults.script([Fault::HappenedUnknown]);
    let written = tokio::spawn(async move { one.put(put("a", "one")).await });
    while two.range(range("a", "")).await.expect("it answers").count == 0 {
        yield_now().await;
    }

    // Before the first tries again, nothing is left of what it wrote.
    two.put(put("a", "two")).await.expect("put");
    two.compact(Revision(3), true).await.expect("compacted");
    let answer = written.await.expect("it does not panic");
    assert!(matches!(answer, Err(StoreError::Unknown(_))), "{answer:?}");
    let read = two.range(range("a", "")).await.expect("it answers");
    assert_eq!((read.revision, read.kvs[0].meta.version, &read.kvs[0].value[..]), (Revision(3), 2, b"two".as_slice()));
}
