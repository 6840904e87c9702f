//! Watches that read the backend.

use super::slow_backend::SlowBackend;
use super::world::{BIG_RING, Change, World, drain_short, from_revision, poll, put, short, watch_of};
use crate::types::Revision;

#[tokio::test]
async fn a_watch_that_fell_off_the_ring_goes_on_without_gap_or_repeat() {
    let mut world = World::new(0);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 2).await;
    assert_eq!(drain_short(&mut events).await, ["0@3: a=2 a=3"]);
    world.puts("a", 1).await;
    assert_eq!(drain_short(&mut events).await, ["0@4: a=4"]);
}

#[tokio::test]
async fn what_the_backend_has_but_the_hub_has_not_published_is_not_shown_early() {
    let mut world = World::new(0);
    world.commit(&[put("a")]).await;
    let unpublished = world.append(&[vec![put("a")]]).await;
    let (_control, mut events) = world.watch(from_revision(1, "a", "")).await;
    assert_eq!(drain_short(&mut events).await, ["0@2: a=2"]);
    world.hub.publish(unpublished, Revision(3));
    assert_eq!(drain_short(&mut events).await, ["0@3: a=3"]);
}

#[tokio::test]
async fn a_watch_that_waits_for_the_backend_does_not_hold_up_its_stream() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 1000);
    world.puts("old", 20).await;
    let (control, mut events) = world.watch(from_revision(2, "old", "")).await;
    control.create(&watch_of("new", ""));
    world.commit(&[put("new")]).await;
    assert_eq!(drain_short(&mut events).await, ["1@21 created", "1@22: new=22"]);
    backend.allow(1);
    let rest = drain_short(&mut events).await;
    assert!(rest[0].starts_with("0@22: old=2 old=3"), "{rest:?}");
}

#[tokio::test]
async fn a_long_catch_up_and_a_busy_watch_of_one_stream_take_turns() {
    let mut world = World::new(0);
    let large = || Change::Put("old", vec![0; 1 << 20]);
    for _ in 0..4 {
        world.commit(&[large()]).await;
    }
    let (control, mut events) = world.watch(from_revision(2, "old", "")).await;
    control.create(&watch_of("new", ""));
    let mut order = String::new();
    for _ in 0..12 {
        world.commit(&[put("new")]).await;
        let message = poll(&mut events).await.unwrap();
        order.push(short(&message).chars().next().unwrap());
    }
    let (old, new) = (order.matches('0').count(), order.matches('1').count());
    assert!(old >= 4 && new >= 4, "{order}");
}

#[tokio::test]
async fn only_so_many_watches_read_the_backend_at_once() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 0);
    world.puts("a", 3).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let (control, mut events) = world.watch(from_revision(2, "a", "")).await;
        assert!(poll(&mut events).await.is_none());
        streams.push((control, events));
    }
    backend.allow(10);
    for (_, events) in &mut streams {
        assert_eq!(drain_short(events).await, ["0@4: a=2 a=3 a=4"]);
    }
    assert_eq!(backend.most_waiting(), 4);
}

#[tokio::test]
async fn a_reader_that_gives_up_waiting_lets_others_read_the_backend() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 0);
    world.puts("a", 1).await;
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let (control, mut events) = world.watch(from_revision(2, "a", "")).await;
        assert!(poll(&mut events).await.is_none());
        stalled.push((control, events));
    }
    backend.allow(5);
    let (_control, mut events) = world.watch(from_revision(2, "a", "")).await;
    assert_eq!(drain_short(&mut events).await, ["0@2: a=2"]);
    assert_eq!(backend.waiting(), 0);
    for (_, events) in &mut stalled {
        assert_eq!(drain_short(events).await, ["0@2: a=2"]);
    }
}

#[tokio::test]
async fn a_watch_whose_history_cannot_be_read_is_canceled_alone() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 0);
    world.puts("a", 1).await;
    let (control, mut events) = world.watch(from_revision(2, "a", "")).await;
    control.create(&watch_of("b", ""));
    backend.fail();
    backend.allow(1);
    let expected = ["1@2 created", "0 canceled StorageFailed(\"injected\")"];
    assert_eq!(drain_short(&mut events).await, expected);
    assert_eq!(world.hub.stats().watchers, 1);
}

#[tokio::test]
async fn what_is_skipped_is_pending_no_more_and_comes_from_the_log() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 2).await;
    assert_eq!(world.hub.stats().pending, 2);
    world.append(&[vec![put("a")]]).await;
    world.hub.skip_to(world.revision, Revision(0));
    assert_eq!(world.hub.stats().pending, 0);
    assert_eq!(drain_short(&mut events).await.len(), 1, "all three revisions in one answer");
    assert_eq!(world.hub.stats().pending, 0);
}
