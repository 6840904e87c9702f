//! Leases by the thousand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use storage_core::{LeaseId, MemoryBackend, PutLease, PutRequest, Revision, Store, StoreOptions};

use crate::support::clock::ManualClock;
use crate::support::{put, range};

const LEASES: i64 = 100_000;
/// Every so many leases has a key.
const KEY_EVERY: i64 = 100;
const AT_ONCE: usize = 1000;
/// Far fewer than the groups that so many revocations take, each of which has room for writes.
const WRITES_MEANWHILE: usize = 50;

async fn grant_all(store: &Store) {
    let ids: Vec<i64> = (1..=LEASES).collect();
    for part in ids.chunks(AT_ONCE) {
        for granted in join_all(part.iter().map(|id| store.lease_grant(LeaseId(*id), 10))).await {
            granted.expect("granted");
        }
    }
    for id in (KEY_EVERY..=LEASES).step_by(KEY_EVERY as usize) {
        let request = put(&format!("leased/{id:06}"), "x");
        store.put(PutRequest { lease: PutLease::Set(LeaseId(id)), ..request }).await.expect("put");
    }
}

#[tokio::test]
async fn a_hundred_thousand_leases_due_at_once_expire_while_writes_go_on() {
    let clock = Arc::new(ManualClock::default());
    let options = StoreOptions { environment: Arc::clone(&clock) as _, ..StoreOptions::default() };
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    grant_all(&store).await;
    let before = store.revision();
    clock.advance(Duration::from_secs(11));

    // The last to expire is the last by id.
    let mut writes = 0;
    while store.lease_time_to_live(LeaseId(LEASES), false).await.expect("it answers").ttl >= 0 {
        store.put(put("meanwhile", "x")).await.expect("writes go on");
        writes += 1;
    }
    assert!(writes >= WRITES_MEANWHILE, "only {writes} writes went through meanwhile");
    assert_eq!(store.leases().await.expect("it answers").1, []);
    assert_eq!(store.range(range("leased/", "leased0")).await.expect("it answers").count, 0);
    // One revision for each lease that had a key, none for the others.
    let revoked = LEASES / KEY_EVERY;
    assert_eq!(store.revision(), Revision(before.0 + revoked + i64::try_from(writes).expect("few")));
}
