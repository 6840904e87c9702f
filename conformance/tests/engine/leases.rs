//! Leases by the thousand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use storage_core::{LeaseId, MemoryBackend, PutLease, PutRequest, Revision, Store, StoreOptions};

use crate::support::clock::ManualClock;
use crate::support::gate::Gate;
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

/// A renewal that the grace covers is not written down at once, and may never be: its client may count on it all the same.
#[tokio::test]
async fn a_lease_that_a_store_renewed_just_before_its_end_lives_for_as_long_on_the_others() {
    let (clock, memory) = (Arc::new(ManualClock::default()), Arc::new(MemoryBackend::shared()));
    let options = StoreOptions {
        environment: Arc::clone(&clock) as _,
        lease_checkpoint_interval: Duration::from_secs(10),
        ..StoreOptions::default()
    };
    let dying = Gate::by_clock(Arc::clone(&memory) as _, &clock, false);
    let one = Store::open(Arc::clone(&dying) as _, options.clone()).await.expect("it opens");
    let other = Gate::by_clock(memory as _, &clock, false);
    let other = Store::open(other as _, options).await.expect("it opens");
    let left = async || other.lease_time_to_live(LeaseId(1), false).await.expect("it answers").ttl;
    one.lease_grant(LeaseId(1), 60).await.expect("granted");
    assert_eq!(left().await, 60, "it shows no grace");
    clock.advance(Duration::from_secs(10));
    let written = one.status().position;
    assert_eq!(one.lease_keep_alive(LeaseId(1)).await.expect("it answers").ttl, 60);
    assert_eq!(one.status().position, written, "the renewal is not written down");
    dying.cut();
    clock.advance(Duration::from_secs(59));
    assert!(left().await >= 0, "it was renewed until 70");
    clock.advance(Duration::from_secs(2));
    assert_eq!(left().await, -1);
}
