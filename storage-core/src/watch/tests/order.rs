//! Which events come, and in what order.

use super::super::{WatchMessage, WatchRequest};
use super::world::{BIG_RING, Change, World, delete, drain, drain_short, from_revision, poll, put, watch_of};

#[tokio::test]
async fn a_transaction_comes_whole_and_in_the_order_of_its_changes() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "d")).await;
    world.commit(&[put("c"), put("a"), put("z"), put("b")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@2: c=2 a=2 b=2"]);
}

#[tokio::test]
async fn the_header_of_a_synced_watch_names_the_last_event() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.group(&[vec![put("a")], vec![put("a")], vec![put("other")]]).await;
    assert_eq!(drain_short(&mut events).await, ["0@3: a=2 a=3"]);
}

#[tokio::test]
async fn the_header_of_a_watch_that_catches_up_names_the_stores_revision() {
    let mut world = World::new(BIG_RING);
    world.commit(&[put("a")]).await;
    world.puts("other", 3).await;
    let (_control, mut events) = world.watch(from_revision(1, "a", "")).await;
    assert_eq!(drain_short(&mut events).await, ["0@5: a=2"]);
}

#[tokio::test]
async fn ranges_and_single_keys_get_their_own_events() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for (key, range_end) in [("a", ""), ("a", "c"), ("b", "\0"), ("", "\0")] {
        control.create(&watch_of(key, range_end));
    }
    drain(&mut events).await;
    world.commit(&[put("a"), put("b"), put("c")]).await;
    let mut got = drain_short(&mut events).await;
    got.sort();
    assert_eq!(got, ["0@2: a=2", "1@2: a=2 b=2", "2@2: b=2 c=2", "3@2: a=2 b=2 c=2"]);
}

#[tokio::test]
async fn many_watches_of_one_range_all_see_its_events_while_some_are_canceled() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    for _ in 0..5 {
        control.create(&watch_of("a", "b"));
    }
    control.cancel(crate::types::WatchId(1));
    control.cancel(crate::types::WatchId(4));
    drain(&mut events).await;
    world.commit(&[put("a")]).await;
    let mut got = drain_short(&mut events).await;
    got.sort();
    assert_eq!(got, ["0@2: a=2", "2@2: a=2", "3@2: a=2"]);
}

#[tokio::test]
async fn filters_leave_out_their_kind_of_event_and_messages_left_empty() {
    let mut world = World::new(BIG_RING);
    let (control, mut events) = world.stream();
    control.create(&WatchRequest { no_put: true, ..watch_of("a", "") });
    control.create(&WatchRequest { no_delete: true, ..watch_of("a", "") });
    drain(&mut events).await;
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["1@2: a=2"]);
    world.commit(&[delete("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@3: a!3"]);
}

#[tokio::test]
async fn a_message_ends_with_the_revision_that_reaches_its_size() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "c")).await;
    let large = || Change::Put("a", vec![0; 600 << 10]);
    world.group(&[vec![large(), put("b")], vec![large(), put("b")], vec![put("b")]]).await;
    assert_eq!(drain_short(&mut events).await, ["0@3: a=2 b=2 a=3 b=3", "0@4: b=4"]);
}

#[tokio::test]
async fn a_message_holds_at_most_a_thousand_revisions() {
    let mut world = World::new(BIG_RING);
    world.puts("a", 2500).await;
    let (_control, mut events) = world.watch(from_revision(1, "a", "")).await;
    let mut last = 1;
    while let Some(message) = poll(&mut events).await {
        let WatchMessage::Events { events, .. } = message else { panic!("{message:?}") };
        assert!(events.len() <= 1000);
        for event in events {
            last += 1;
            assert_eq!(event.meta.mod_revision().0, last);
        }
    }
    assert_eq!(last, 2501);
}

#[tokio::test]
async fn a_reader_that_pauses_gets_everything_in_order_however_much_it_missed() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 2000).await;
    let stats = world.hub.stats();
    assert_eq!(stats.behind_watchers, 1, "it no longer has a list of its own");
    assert_eq!((stats.pending, stats.fell_behind, stats.replays), (0, 1, 0));
    let got: Vec<_> = drain(&mut events).await.into_iter().flat_map(events_of).collect();
    assert_eq!(got, (2..=2001).collect::<Vec<_>>());
    let stats = world.hub.stats();
    assert_eq!((stats.behind_watchers, stats.events), (0, 2000));
}

fn events_of(message: WatchMessage) -> Vec<i64> {
    let WatchMessage::Events { events, .. } = message else { panic!("{message:?}") };
    events.iter().map(|event| event.meta.mod_revision().0).collect()
}
