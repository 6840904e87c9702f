use std::sync::Arc;
use std::time::Duration;

use storage_core::auth::{AuthChange, AuthError, ROOT};
use storage_core::{MemoryBackend, PutRequest, Revision, Store, StoreError, StoreOptions};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{AutoCompaction, ClientCompaction, compact_for_client, kine, run};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

async fn store() -> Store {
    Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap()
}

/// Writes until `revision` is the current one.
async fn write_until(store: &Store, revision: i64) {
    while store.status().revision.0 < revision {
        let put = PutRequest::new(b"k", "v".into());
        store.put(put).await.unwrap();
    }
}

fn compacted(store: &Store) -> i64 {
    store.status().compact_revision.0
}

/// One that runs until the test ends.
fn start(store: &Store, rule: AutoCompaction) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(run(store.clone(), rule, CancellationToken::new())))
}

#[tokio::test(start_paused = true)]
async fn a_period_passes_before_the_first_compaction_and_then_each_hour_has_one() {
    let store = store().await;
    write_until(&store, 10).await;
    let _running = start(&store, AutoCompaction::Periodic(24 * HOUR));
    let before = compacted(&store);

    // A minute after each full hour, ten more revisions.
    sleep(MINUTE).await;
    for hours in 0..24 {
        write_until(&store, (hours + 2) * 10).await;
        assert_eq!(compacted(&store), before, "after {hours} hours");
        sleep(HOUR).await;
    }

    // A day after the start, what was there then; and from then on each hour what was there a day before.
    for hours in 1..=10 {
        assert_eq!(compacted(&store), hours * 10, "a day and {hours} hours later");
        sleep(HOUR).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_period_is_the_interval_too() {
    let store = store().await;
    write_until(&store, 5).await;
    let _running = start(&store, AutoCompaction::Periodic(5 * MINUTE));
    sleep(Duration::from_secs(1)).await;
    write_until(&store, 9).await;
    sleep(5 * MINUTE).await;
    assert_eq!(compacted(&store), 5);
    sleep(5 * MINUTE).await;
    assert_eq!(compacted(&store), 9);
    // Nothing was written: nothing to do.
    sleep(HOUR).await;
    assert_eq!(compacted(&store), 9);
}

#[tokio::test(start_paused = true)]
async fn the_newest_revisions_are_kept() {
    let store = store().await;
    let _running = start(&store, AutoCompaction::Revision(10));
    write_until(&store, 8).await;
    sleep(6 * MINUTE).await;
    let before = compacted(&store);
    assert!(before <= 0, "{before}");

    write_until(&store, 30).await;
    sleep(5 * MINUTE).await;
    assert_eq!(compacted(&store), 20);
}

#[tokio::test(start_paused = true)]
async fn what_clients_compact_meanwhile_is_no_failure() {
    let store = store().await;
    write_until(&store, 30).await;
    let _running = start(&store, AutoCompaction::Revision(10));
    store.compact(Revision(25), false).await.unwrap();
    sleep(6 * MINUTE).await;
    write_until(&store, 50).await;
    sleep(5 * MINUTE).await;
    assert_eq!(compacted(&store), 40);
}

#[tokio::test(start_paused = true)]
async fn kine_compacts_what_was_there_one_interval_ago() {
    let store = store().await;
    write_until(&store, 20).await;
    let _running = start(&store, AutoCompaction::Kine { interval: 5 * MINUTE, jitter_percent: 0, min_retain: 10 });
    sleep(MINUTE).await;
    write_until(&store, 100).await;
    sleep(5 * MINUTE).await;
    assert_eq!(compacted(&store), 20);

    // All but ten of what was there at the last interval, since nothing was written after it.
    sleep(5 * MINUTE).await;
    assert_eq!(compacted(&store), 90);
}

#[test]
fn jitter_stays_within_its_percentage() {
    assert_eq!(kine::with_jitter(MINUTE, 0), MINUTE);
    for _ in 0..100 {
        let jittered = kine::with_jitter(MINUTE, 10);
        assert!((54..=66).contains(&jittered.as_secs()), "{jittered:?}");
        assert!(!kine::with_jitter(MINUTE, 100).is_zero());
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_server_does() {
    let (store, stop) = (store().await, CancellationToken::new());
    let running = tokio::spawn(run(store.clone(), AutoCompaction::Periodic(HOUR), stop.clone()));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_client_compacts_all_but_the_newest_where_those_are_kept() {
    let store = store().await;
    write_until(&store, 30).await;
    let before = compacted(&store);
    let ask = async |revision, newest| {
        compact_for_client(&store, ClientCompaction::Keeping(newest), Revision(revision), false).await
    };
    assert_eq!(ask(20, 1000).await.unwrap(), Revision(30));
    assert_eq!(compacted(&store), before);
    assert_eq!(ask(25, 10).await.unwrap(), Revision(30));
    assert_eq!(compacted(&store), 20);
    assert_eq!(ask(21, 5).await.unwrap(), Revision(30));
    assert_eq!(compacted(&store), 21);
}

#[tokio::test]
async fn a_client_compacts_nothing_where_the_server_does_it() {
    let store = store().await;
    write_until(&store, 30).await;
    let before = compacted(&store);
    let answer = compact_for_client(&store, ClientCompaction::Ignored, Revision(20), true).await;
    assert_eq!(answer.unwrap(), Revision(30));
    assert_eq!(compacted(&store), before);
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_under_every_rule() {
    let store = store().await;
    write_until(&store, 30).await;
    store.compact(Revision(10), false).await.unwrap();
    for rule in [ClientCompaction::Done, ClientCompaction::Keeping(1000), ClientCompaction::Ignored] {
        let ask = |revision| compact_for_client(&store, rule, Revision(revision), false);
        assert!(matches!(ask(10).await, Err(StoreError::Compacted { .. })), "{rule:?}");
        assert!(matches!(ask(31).await, Err(StoreError::FutureRevision)), "{rule:?}");
    }
}

#[tokio::test]
async fn what_changes_nothing_is_answered_to_root_alone() {
    let store = store().await;
    write_until(&store, 30).await;
    for change in [
        AuthChange::UserAdd { name: ROOT.into(), password: None },
        AuthChange::UserGrantRole { user: ROOT.into(), role: ROOT.into() },
        AuthChange::Enable,
    ] {
        store.change_auth(change).await.unwrap();
    }
    for rule in [ClientCompaction::Keeping(1000), ClientCompaction::Ignored] {
        let refused = compact_for_client(&store.for_client(None), rule, Revision(20), false).await;
        assert_eq!(refused, Err(StoreError::Auth(AuthError::UserEmpty)), "{rule:?}");
    }
}
