//! The quota and the alarms.

use std::sync::Arc;
use std::time::Duration;

use storage_core::{
    Alarm, AlarmKind, DeleteRangeRequest, LeaseId, MemoryBackend, Op, Revision, Store, StoreError, StoreOptions,
    TxnRequest,
};

use crate::support::clock::ManualClock;
use crate::support::{keys, put, range};

const QUOTA_BYTES: u64 = 8000;

fn txn(op: Op) -> TxnRequest {
    TxnRequest { success: vec![op], ..TxnRequest::default() }
}

async fn open(memory: &Arc<MemoryBackend>) -> Store {
    memory.reopen();
    let options = StoreOptions { quota_bytes: Some(QUOTA_BYTES), ..StoreOptions::default() };
    Store::open(Arc::clone(memory) as _, options).await.expect("it opens")
}

/// Writes until the quota is exhausted. Answers the last revision.
async fn fill(store: &Store) -> Revision {
    let mut last = store.revision();
    for n in 0.. {
        match store.put(put(&format!("k{n:02}"), &"x".repeat(300))).await {
            Ok(answer) => last = answer.revision,
            Err(StoreError::NoSpace) => break,
            Err(other) => panic!("{other}"),
        }
    }
    last
}

#[tokio::test]
async fn a_full_store_raises_the_alarm_and_refuses_only_what_needs_space() {
    let memory = Arc::new(MemoryBackend::new());
    let store = open(&memory).await;
    let last = fill(&store).await;
    let alarm = Alarm { member_id: store.identity().member_id, kind: AlarmKind::NoSpace };
    assert_eq!(store.alarms().await, Ok(vec![alarm]));
    assert_eq!(store.status().alarms, [alarm]);
    assert_eq!(store.put(put("a", "")).await, Err(StoreError::NoSpace));
    assert_eq!(store.txn(txn(Op::Put(put("a", "")))).await, Err(StoreError::NoSpace));
    assert_eq!(store.lease_grant(LeaseId(1), 60).await, Err(StoreError::NoSpace));
    assert_eq!(store.revision(), last, "what was refused did not happen");

    assert!(store.range(range("k", "l")).await.expect("reads go on").count > 0);
    assert!(store.txn(txn(Op::Range(range("k", "l")))).await.is_ok());
    let delete = DeleteRangeRequest { keys: keys("k", "l"), prev_kv: false };
    let deleted = store.delete_range(delete).await.expect("deletions free space");
    assert_eq!(deleted.revision, last.next());
    store.compact(deleted.revision, true).await.expect("so do compactions");
    assert_eq!(store.put(put("a", "")).await, Err(StoreError::NoSpace), "the alarm stays until it is turned off");

    store.close().await.expect("it closes");
    let store = open(&memory).await;
    assert_eq!(store.alarms().await, Ok(vec![alarm]), "over a restart too");
    assert_eq!(store.disarm_alarm(alarm.member_id, alarm.kind).await, Ok(vec![alarm]));
    assert_eq!(store.disarm_alarm(alarm.member_id, alarm.kind).await, Ok(vec![]), "it is off already");
    assert_eq!(store.put(put("a", "")).await.map(|r| r.revision), Ok(deleted.revision.next()));
}

#[tokio::test]
async fn a_corrupt_store_is_only_read() {
    let store = open(&Arc::new(MemoryBackend::new())).await;
    store.put(put("a", "x")).await.expect("put");
    store.lease_grant(LeaseId(1), 60).await.expect("granted");
    store.raise_alarm(7, AlarmKind::Corrupt).await.expect("raised");
    let delete = DeleteRangeRequest { keys: keys("a", ""), prev_kv: false };
    assert_eq!(store.put(put("a", "y")).await, Err(StoreError::Corrupt));
    assert_eq!(store.delete_range(delete).await, Err(StoreError::Corrupt));
    assert_eq!(store.txn(txn(Op::Put(put("a", "y")))).await, Err(StoreError::Corrupt));
    assert_eq!(store.compact(Revision(2), false).await, Err(StoreError::Corrupt));
    assert_eq!(store.lease_grant(LeaseId(2), 60).await, Err(StoreError::Corrupt));
    assert_eq!(store.lease_revoke(LeaseId(1)).await, Err(StoreError::Corrupt));
    assert_eq!(store.range(range("a", "")).await.map(|r| r.count), Ok(1));
    assert!(store.txn(txn(Op::Range(range("a", "")))).await.is_ok());
    store.disarm_alarm(7, AlarmKind::Corrupt).await.expect("turned off");
    assert_eq!(store.put(put("a", "y")).await.map(|r| r.revision), Ok(Revision(3)));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_due_in_a_corrupt_store_waits_without_haste() {
    let clock = Arc::new(ManualClock::default());
    let options = StoreOptions { environment: Arc::clone(&clock) as _, ..StoreOptions::default() };
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    store.lease_grant(LeaseId(1), 10).await.expect("granted");
    store.raise_alarm(7, AlarmKind::Corrupt).await.expect("raised");
    clock.advance(Duration::from_secs(20));
    let before = clock.times_read();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(store.leases().await, Ok((Revision(1), vec![LeaseId(1)])), "nothing is deleted from a corrupt store");
    let read = clock.times_read() - before;
    assert!(read < 500, "in 20 s the writer looked at the clock {read} times");
    store.disarm_alarm(7, AlarmKind::Corrupt).await.expect("turned off");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(store.leases().await, Ok((Revision(1), vec![])));
}
