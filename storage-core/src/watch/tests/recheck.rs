//! Watches that their caller may not have, or not any more.

use super::super::WatchRequest;
use super::slow_backend::SlowBackend;
use super::world::{BIG_RING, World, drain_short, from_revision, poll, put, watch_of};
use crate::auth::AuthError;
use crate::key_range::KeyRange;
use crate::types::WatchId;

const REFUSED: &str = "canceled Refused(PermissionDenied)";

fn all_but(key: &'static [u8]) -> impl Fn(&KeyRange) -> Result<(), AuthError> {
    move |keys| if keys.contains(key) { Err(AuthError::PermissionDenied) } else { Ok(()) }
}

#[tokio::test]
async fn watches_that_are_refused_end_and_the_others_go_on() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for key in ["a", "b", "a"] {
        control.create(&watch_of(key, ""));
    }
    drain_short(&mut events).await;
    world.commit(&[put("a"), put("b")]).await;
    assert_eq!(control.recheck(all_but(b"a")), [WatchId(0), WatchId(2)]);
    world.commit(&[put("a"), put("b")]).await;
    let expected = [format!("0 {REFUSED}"), format!("2 {REFUSED}"), "1@3: b=2 b=3".to_owned()];
    assert_eq!(drain_short(&mut events).await, expected);
    assert!(control.recheck(all_but(b"a")).is_empty());
}

#[tokio::test]
async fn a_reader_that_sleeps_learns_of_it() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.watch(watch_of("a", "")).await;
    assert!(poll(&mut events).await.is_none());
    let (message, _) = tokio::join!(events.next(), async { control.recheck(all_but(b"a")) });
    assert!(message.is_some());
}

#[tokio::test]
async fn many_watches_are_checked_part_by_part() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for _ in 0..300 {
        control.create(&watch_of("a", ""));
        control.create(&watch_of("b", ""));
    }
    assert_eq!(control.recheck(all_but(b"a")).len(), 300);
    assert_eq!(drain_short(&mut events).await.len(), 900);
    assert_eq!(world.hub.stats().watchers, 300);
}

#[tokio::test]
async fn events_that_wait_for_their_previous_values_are_not_handed_out_any_more() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), BIG_RING);
    let (control, mut events) = world.watch(WatchRequest { prev_kv: true, ..watch_of("a", "") }).await;
    world.puts("a", 2).await;
    assert!(poll(&mut events).await.is_none());
    control.recheck(all_but(b"a"));
    backend.allow(1);
    assert_eq!(drain_short(&mut events).await, [format!("0 {REFUSED}")]);
}

#[tokio::test]
async fn events_that_are_being_read_are_not_handed_out_any_more() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 0);
    world.puts("a", 2).await;
    let (control, mut events) = world.watch(from_revision(2, "a", "")).await;
    assert!(poll(&mut events).await.is_none());
    control.recheck(all_but(b"a"));
    backend.allow(1);
    assert_eq!(drain_short(&mut events).await, [format!("0 {REFUSED}")]);
}

#[tokio::test]
async fn a_watch_that_is_not_made_is_answered_in_its_turn() {
    let world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    control.create(&watch_of("a", ""));
    control.refuse();
    control.create(&watch_of("a", ""));
    assert_eq!(drain_short(&mut events).await, ["0@1 created", "-1@1 failed Refused", "1@1 created"]);
}
