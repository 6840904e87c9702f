//! How watches begin and end.

use super::super::WatchRequest;
use super::world::{BIG_RING, World, drain_short, from_revision, put, watch_of};
use crate::types::WatchId;

fn with_id(id: i64) -> WatchRequest {
    WatchRequest { id: Some(WatchId(id)), ..watch_of("a", "") }
}

#[tokio::test]
async fn created_comes_before_the_events_of_a_watch() {
    let mut world = World::new(BIG_RING);
    world.commit(&[put("a")]).await;
    let (control, mut events) = world.stream();
    control.create(&from_revision(2, "a", ""));
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@2 created", "0@3: a=2 a=3"]);
}

#[tokio::test]
async fn ids_count_up_from_zero_and_skip_those_in_use() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    control.create(&with_id(1));
    for _ in 0..3 {
        control.create(&watch_of("a", ""));
    }
    let expected = ["1@1 created", "0@1 created", "2@1 created", "3@1 created"];
    assert_eq!(drain_short(&mut events).await, expected);
}

#[tokio::test]
async fn a_stream_begins_its_ids_anew() {
    let world = World::new(BIG_RING);
    world.watch(watch_of("a", "")).await;
    let (control, mut events) = world.stream();
    control.create(&watch_of("a", ""));
    assert_eq!(drain_short(&mut events).await, ["0@1 created"]);
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_leaves_the_watch_alone() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(with_id(7)).await;
    control.create(&with_id(7));
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["-1@1 failed DuplicateId", "7@2: a=2"]);
}

#[tokio::test]
async fn an_id_is_free_again_after_its_watch_was_canceled() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.watch(with_id(7)).await;
    control.cancel(WatchId(7));
    control.create(&with_id(7));
    assert_eq!(drain_short(&mut events).await, ["7 canceled Requested", "7@1 created"]);
}

#[tokio::test]
async fn an_empty_range_is_refused() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    control.create(&watch_of("b", "a"));
    control.create(&watch_of("b", "b"));
    assert_eq!(drain_short(&mut events).await, ["-1@1 failed EmptyRange", "-1@1 failed EmptyRange"]);
}

#[tokio::test]
async fn a_negative_start_revision_is_refused_as_compacted() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    control.create(&from_revision(-1, "a", ""));
    assert_eq!(drain_short(&mut events).await, ["-1@1 failed Compacted"]);
}

#[tokio::test]
async fn a_watch_from_now_sees_only_what_comes_after_its_creation() {
    let mut world = World::new(BIG_RING);
    world.commit(&[put("a")]).await;
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    assert!(drain_short(&mut events).await.is_empty());
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@3: a=3"]);
}

#[tokio::test]
async fn a_watch_from_the_future_sees_nothing_below_its_start() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(from_revision(4, "a", "")).await;
    world.puts("a", 4).await;
    assert_eq!(drain_short(&mut events).await, ["0@5: a=4 a=5"]);
}

#[tokio::test]
async fn canceling_an_unknown_watch_is_not_answered() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    control.cancel(WatchId(5));
    assert!(drain_short(&mut events).await.is_empty());
}

#[tokio::test]
async fn a_canceled_watch_sees_nothing_more() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    world.commit(&[put("a")]).await;
    control.cancel(WatchId(0));
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0 canceled Requested"]);
}
