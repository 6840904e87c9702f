//! What is said of progress, and when.

use super::super::WatchRequest;
use super::slow_backend::SlowBackend;
use super::world::{BIG_RING, World, drain_short, from_revision, poll, put, short, watch_of};
use crate::types::WatchId;

fn notified(key: &str) -> WatchRequest {
    WatchRequest { progress_notify: true, ..watch_of(key, "") }
}

#[tokio::test]
async fn progress_of_all_comes_after_every_event_up_to_it() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 3).await;
    world.puts("other", 1).await;
    control.request_progress();
    assert_eq!(drain_short(&mut events).await, ["0@4: a=2 a=3 a=4", "all@5"]);
}

#[tokio::test]
async fn progress_of_all_waits_for_the_watch_that_catches_up() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 0);
    world.puts("a", 2).await;
    let (control, mut events) = world.watch(from_revision(2, "a", "")).await;
    control.create(&watch_of("b", ""));
    control.request_progress();
    assert_eq!(drain_short(&mut events).await, ["1@3 created"]);
    backend.allow(1);
    assert_eq!(drain_short(&mut events).await, ["0@3: a=2 a=3", "all@3"]);
}

#[tokio::test]
async fn requests_for_progress_that_wait_are_answered_together() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    for _ in 0..1000 {
        control.request_progress();
    }
    assert_eq!(drain_short(&mut events).await, ["all@1"]);
}

#[tokio::test]
async fn progress_of_a_stream_without_watches_is_not_said() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    control.cancel(WatchId(0));
    control.request_progress();
    assert_eq!(drain_short(&mut events).await, ["0 canceled Requested"]);
    control.create(&watch_of("a", ""));
    assert_eq!(drain_short(&mut events).await, ["1@1 created"], "the request is forgotten");
}

#[tokio::test]
async fn progress_of_all_is_not_said_while_a_watch_waits_for_the_future() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(from_revision(3, "a", "")).await;
    control.request_progress();
    assert!(drain_short(&mut events).await.is_empty());
    // Now everything below the start is known to hold nothing for the watch.
    world.puts("other", 1).await;
    assert!(drain_short(&mut events).await.is_empty());
    control.request_progress();
    assert_eq!(drain_short(&mut events).await, ["all@2"]);
}

#[tokio::test]
async fn a_tick_says_the_progress_of_quiet_watches_that_want_to_know() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(notified("a")).await;
    control.create(&watch_of("a", ""));
    world.puts("other", 1).await;
    control.progress_tick();
    assert_eq!(drain_short(&mut events).await, ["1@1 created", "0@2 progress"]);
}

#[tokio::test]
async fn a_tick_passes_over_a_watch_that_was_sent_events_since_the_last_one() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(notified("a")).await;
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@2: a=2"]);
    control.progress_tick();
    assert!(drain_short(&mut events).await.is_empty());
    control.progress_tick();
    assert_eq!(drain_short(&mut events).await, ["0@2 progress"]);
}

#[tokio::test]
async fn a_tick_passes_over_a_watch_that_waits_for_the_future() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(WatchRequest { progress_notify: true, ..from_revision(2, "a", "") }).await;
    control.progress_tick();
    assert!(drain_short(&mut events).await.is_empty());
    world.puts("other", 1).await;
    control.progress_tick();
    assert_eq!(drain_short(&mut events).await, ["0@2 progress"]);
}

#[tokio::test]
async fn ticks_that_nobody_reads_do_not_pile_up_nor_overtake_events() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(notified("a")).await;
    for _ in 0..10 {
        control.progress_tick();
    }
    assert_eq!(poll(&mut events).await.as_ref().map(short).as_deref(), Some("0@1 progress"));
    control.progress_tick();
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@2: a=2", "0@2 progress"]);
}
