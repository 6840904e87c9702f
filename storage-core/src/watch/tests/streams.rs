//! Streams, their readers and what they cost.

use super::world::{BIG_RING, World, drain, drain_short, from_revision, poll, put, watch_of};
use crate::types::WatchId;

#[tokio::test]
async fn a_reader_that_sleeps_is_woken_by_an_event() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    let reader = tokio::spawn(async move { events.next().await });
    tokio::task::yield_now().await;
    world.commit(&[put("a")]).await;
    assert!(reader.await.unwrap().is_some());
}

#[tokio::test]
async fn nothing_is_lost_when_a_reader_drops_its_future() {
    let mut world = World::new(0);
    let request = super::super::WatchRequest { prev_kv: true, ..from_revision(2, "a", "") };
    world.puts("a", 3).await;
    let (_control, mut events) = world.watch(request).await;
    let mut got = Vec::new();
    for _ in 0..64 {
        let once = async { tokio::task::yield_now().await };
        tokio::select! {
            biased;
            message = events.next() => got.push(super::world::short(&message.unwrap())),
            () = once => {}
        }
    }
    assert_eq!(got, ["0@4: a=2 a=3 a=4"]);
}

#[tokio::test]
async fn dropping_the_reader_removes_its_watches() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for _ in 0..1000 {
        control.create(&watch_of("a", ""));
    }
    world.commit(&[put("a")]).await;
    assert!(poll(&mut events).await.is_some());
    assert_eq!((world.hub.stats().streams, world.hub.stats().watchers), (1, 1000));
    drop(events);
    assert_eq!((world.hub.stats().streams, world.hub.stats().watchers), (0, 0));
    control.create(&watch_of("a", ""));
    control.cancel(WatchId(0));
    control.request_progress();
    control.progress_tick();
    control.ready().await;
    assert_eq!(world.hub.stats().watchers, 0);
}

#[tokio::test]
async fn a_client_that_is_done_with_requests_goes_on_reading() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    drop(control);
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@2: a=2"]);
}

#[tokio::test]
async fn closing_ends_every_stream_and_those_to_come() {
    let world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    let reader = tokio::spawn(async move { events.next().await.is_none() });
    tokio::task::yield_now().await;
    world.hub.close();
    assert!(reader.await.unwrap());
    let (control, mut events) = world.stream();
    control.create(&watch_of("a", ""));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_client_that_asks_and_does_not_read_is_held_up() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for _ in 0..1024 {
        control.ready().await;
        control.create(&watch_of("b", "a"));
    }
    let waiting = tokio::spawn(async move { control.ready().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    assert!(poll(&mut events).await.is_some());
    waiting.await.unwrap();
}

#[tokio::test]
async fn ten_thousand_watches_of_one_stream_come_see_an_event_and_go() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for _ in 0..5000 {
        control.create(&watch_of("a", ""));
        control.create(&watch_of("a", "b"));
    }
    assert_eq!(drain(&mut events).await.len(), 10_000);
    world.commit(&[put("a")]).await;
    assert_eq!(drain(&mut events).await.len(), 10_000);
    for id in 0..10_000 {
        control.cancel(WatchId(id));
    }
    assert_eq!(world.hub.stats().watchers, 0);
}
