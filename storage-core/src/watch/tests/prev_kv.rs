//! The version before an event's.

use super::super::{WatchMessage, WatchRequest};
use super::slow_backend::SlowBackend;
use super::world::{BIG_RING, Change, World, delete, drain, drain_short, from_revision, poll, put, watch_of};
use crate::types::Revision;

fn with_prev(request: WatchRequest) -> WatchRequest {
    WatchRequest { prev_kv: true, ..request }
}

/// Of each event the previous value, if it has one.
fn previous(messages: &[WatchMessage]) -> Vec<Option<String>> {
    let mut values = Vec::new();
    for message in messages {
        let WatchMessage::Events { events, prev_kv: true, .. } = message else { panic!("{message:?}") };
        values.extend(events.iter().map(|event| {
            assert!(!event.lacks_prev_value());
            event.prev_kv().map(|(_, value)| String::from_utf8(value.to_vec()).unwrap())
        }));
    }
    values
}

fn put_value(value: &str) -> Change {
    Change::Put("a", value.into())
}

async fn a_life(world: &mut World) {
    world.commit(&[put_value("one")]).await;
    world.commit(&[put_value("two")]).await;
    world.commit(&[delete("a")]).await;
    world.commit(&[put_value("three")]).await;
}

#[tokio::test]
async fn updates_and_deletions_carry_the_value_before_and_creations_none() {
    for (prev_at_hand, ring_bytes) in [(true, BIG_RING), (false, BIG_RING), (true, 0)] {
        let mut world = World::new(ring_bytes);
        world.prev_at_hand = prev_at_hand;
        let (_control, mut events) = world.watch(with_prev(watch_of("a", ""))).await;
        a_life(&mut world).await;
        let got = previous(&drain(&mut events).await);
        assert_eq!(got, [None, Some("one".into()), Some("two".into()), None], "{prev_at_hand} {ring_bytes}");
    }
}

#[tokio::test]
async fn the_value_before_is_absent_once_it_is_compacted() {
    // Even where it is still in memory: kube-apiserver takes its absence for "too old".
    for (ring_bytes, prev_at_hand) in [(0, false), (BIG_RING, false), (BIG_RING, true)] {
        let mut world = World::new(ring_bytes);
        world.prev_at_hand = prev_at_hand;
        a_life(&mut world).await;
        world.compact(Revision(3)).await;
        let (_control, mut events) = world.watch(with_prev(from_revision(3, "a", ""))).await;
        let got = previous(&drain(&mut events).await);
        assert_eq!(got, [None, Some("two".into()), None], "ring of {ring_bytes} bytes, {prev_at_hand}");
    }
}

#[tokio::test]
async fn a_slow_reader_still_gets_the_values_before_that_are_in_memory_though_compacted_since() {
    const MORE_THAN_ITS_LIST_HOLDS: usize = 400;
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(with_prev(watch_of("a", ""))).await;
    world.puts("a", MORE_THAN_ITS_LIST_HOLDS).await;
    world.compact(world.revision).await;
    let got = previous(&drain(&mut events).await);
    assert_eq!(got.iter().flatten().count(), MORE_THAN_ITS_LIST_HOLDS - 1);
}

#[tokio::test]
async fn the_hub_knows_whether_anyone_wants_previous_values() {
    let world = World::new(BIG_RING);
    let (control, events) = world.watch(watch_of("a", "")).await;
    assert!(!world.hub.wants_prev_kv());
    control.create(&with_prev(watch_of("a", "")));
    assert!(world.hub.wants_prev_kv());
    drop(events);
    assert!(!world.hub.wants_prev_kv());
}

#[tokio::test]
async fn progress_does_not_overtake_events_that_wait_for_their_previous_values() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), BIG_RING);
    let (control, mut events) = world.watch(with_prev(watch_of("a", ""))).await;
    world.commit(&[put("a")]).await;
    world.commit(&[put("a")]).await;
    control.request_progress();
    assert!(poll(&mut events).await.is_none());
    backend.allow(1);
    assert_eq!(drain_short(&mut events).await, ["0@3: a=2 a=3", "all@3"]);
}

#[tokio::test]
async fn a_watch_whose_previous_values_cannot_be_read_is_canceled() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), BIG_RING);
    let (_control, mut events) = world.watch(with_prev(watch_of("a", ""))).await;
    world.puts("a", 2).await;
    backend.fail();
    backend.allow(1);
    assert_eq!(drain_short(&mut events).await, ["0 canceled StorageFailed(\"injected\")"]);
}
