//! What the random tests have found, each as the shortest case that shows it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use storage_core::{
    Compare, CompareTarget, DeleteRangeRequest, LeaseId, MemoryBackend, Op, PutLease, PutRequest, PutValue,
    RangeRequest, Relation, Revision, Sort, SortTarget, Store, StoreError, StoreOptions, TxnRequest,
};

use crate::driver::Setup;
use crate::places::Memory;
use crate::property::run;
use crate::steps::{Step, Write};
use crate::support::clock::ManualClock;
use crate::support::{all_keys, keys, put, range};

async fn replay(steps: impl IntoIterator<Item = Step>) {
    if let Err(e) = run(Memory::default(), Setup::default(), steps.into_iter().collect()).await {
        panic!("{e}");
    }
}

fn puts(key: &str, value: &str) -> Step {
    Step::Write(Write::Put(put(key, value)))
}

fn then(ops: Vec<Op>) -> Step {
    Step::Write(Write::Txn(txn(ops)))
}

fn txn(success: Vec<Op>) -> TxnRequest {
    TxnRequest { success, ..TxnRequest::default() }
}

fn delete(start: &str, end: &str) -> DeleteRangeRequest {
    DeleteRangeRequest { keys: keys(start, end), prev_kv: true }
}

#[tokio::test]
async fn hash_kv_leaves_out_a_compacted_version_that_was_superseded_before_the_revision_hashed() {
    let hashes = [Step::Hash(Revision(2)), Step::Hash(Revision(3)), Step::Hash(Revision(0))];
    let steps = [puts("a", "1"), puts("b", "1"), puts("a", "2"), Step::Compact(Revision(2), true)];
    replay(steps.into_iter().chain(hashes)).await;
}

#[tokio::test]
async fn hash_kv_hashes_what_is_kept_when_no_key_is_left_at_the_revision() {
    let deleted = Step::Write(Write::Delete(delete("a", "z")));
    let steps = [puts("a", "1"), puts("b", "1"), Step::Compact(Revision(3), true), deleted];
    replay(steps.into_iter().chain([Step::Hash(Revision(4)), Step::Hash(Revision(3))])).await;
}

#[tokio::test]
async fn order_none_sorts_one_key_more_than_the_limit() {
    let sorted = |target| {
        let sort = Some(Sort { target, order: None });
        Step::Range(RangeRequest { limit: 1, sort, ..range("\0", "\0") })
    };
    let steps = [puts("a", "3"), puts("a", "3"), puts("a", "3"), puts("b", "2"), puts("b", "2"), puts("c", "1")];
    let ranges = [SortTarget::Version, SortTarget::Value, SortTarget::Mod, SortTarget::Create].map(sorted);
    replay(steps.into_iter().chain(ranges)).await;
}

#[tokio::test]
async fn a_put_names_the_missing_lease_before_the_missing_key() {
    let lease = PutLease::Set(LeaseId(9));
    let request = PutRequest { value: PutValue::Keep, lease, ..put("a", "") };
    replay([Step::Write(Write::Put(request.clone())), then(vec![Op::Put(request)])]).await;
}

#[tokio::test]
async fn a_renewal_is_not_lost_with_the_process() {
    let grant = Step::Write(Write::Grant(LeaseId(1), 29));
    let renewed = [grant, Step::Tick(20), Step::KeepAlive(LeaseId(1)), Step::Reopen { clean: false }];
    replay(renewed.into_iter().chain([Step::Tick(20), Step::KeepAlive(LeaseId(1))])).await;
}

/// etcd's check for keys written twice lets a transaction delete what an earlier one beside it has put.
#[tokio::test]
async fn a_key_put_and_deleted_in_one_transaction_has_the_version_before_it_in_both_events() {
    let both = || {
        let first = Op::Txn(txn(vec![Op::Put(put("a", "new"))]));
        then(vec![first, Op::Txn(txn(vec![Op::DeleteRange(delete("a", ""))]))])
    };
    let watched = [Step::Watch(all_keys(), Revision(2)), Step::Reopen { clean: true }];
    let steps = [puts("a", "old"), both(), both(), Step::Hash(Revision(0))];
    replay(steps.into_iter().chain(watched).chain([both(), Step::Compact(Revision(5), true), both()])).await;
}

#[tokio::test]
async fn a_compare_of_values_reads_what_the_cache_has_let_go() {
    let setup = Setup { cache_bytes: 0, ..Setup::default() };
    let compare = Compare {
        keys: all_keys(),
        relation: Relation::NotEqual,
        target: CompareTarget::Value(Bytes::from_static(b"y")),
    };
    let txn = TxnRequest { compares: vec![compare], success: vec![Op::Put(put("c", "z"))], failure: vec![] };
    let steps = vec![puts("a", "x"), puts("b", "x"), Step::Burst(vec![Write::Put(put("d", "x")), Write::Txn(txn)])];
    run(Memory::default(), setup, steps).await.expect("the store answers as the model does");
}

#[tokio::test]
async fn a_store_without_a_grace_for_leases_writes_each_renewal_down() {
    let clock = Arc::new(ManualClock::default());
    let options = StoreOptions { lease_checkpoint_interval: Duration::ZERO, ..Setup::default().options(&clock) };
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    store.lease_grant(LeaseId(1), 60).await.expect("granted");
    clock.advance(Duration::from_secs(10));
    let before = store.position();
    assert_eq!(store.lease_keep_alive(LeaseId(1)).await.expect("it is answered").ttl, 60);
    assert_eq!(store.position(), before.next());
}

#[tokio::test]
async fn a_transaction_behind_a_compaction_does_not_read_what_that_has_closed() {
    let options = StoreOptions::default();
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    store.put(put("a", "1")).await.expect("put");
    store.put(put("a", "2")).await.expect("put");
    let old = Op::Range(RangeRequest { revision: Revision(2), ..range("a", "") });
    let both = txn(vec![Op::Put(put("b", "x")), old]);
    // Both are in one group: neither is durable when the other is evaluated.
    let (compacted, read) = tokio::join!(store.compact(Revision(3), false), store.txn(both));
    compacted.expect("it is compacted");
    assert_eq!(read, Err(StoreError::Compacted { compact_revision: Revision(3) }));
}
