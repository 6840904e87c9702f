//! What compaction does to watches.

use super::slow_backend::SlowBackend;
use super::world::{BIG_RING, World, delete, drain_short, from_revision, poll, put, watch_of};
use crate::types::Revision;

#[tokio::test]
async fn a_start_below_the_compacted_revision_is_created_and_canceled() {
    let mut world = World::new(BIG_RING);
    world.puts("a", 5).await;
    world.compact(Revision(4)).await;
    let (control, mut events) = world.stream();
    control.create(&from_revision(3, "a", ""));
    let canceled = "0 canceled Compacted { compact_revision: Revision(4) }";
    assert_eq!(drain_short(&mut events).await, ["0@6 created", canceled]);
    assert_eq!(world.hub.stats().watchers, 0);
}

#[tokio::test]
async fn a_start_at_the_compacted_revision_sees_what_survived_there() {
    for ring_bytes in [0, BIG_RING] {
        let mut world = World::new(ring_bytes);
        world.puts("a", 2).await;
        world.commit(&[delete("a"), put("b")]).await;
        world.commit(&[put("a")]).await;
        world.compact(Revision(4)).await;
        let (_control, mut events) = world.watch(from_revision(4, "", "\0")).await;
        let got = drain_short(&mut events).await.join("").replace("0@5:", "");
        assert_eq!(got, " a!4 b=4 a=5", "ring of {ring_bytes} bytes");
    }
}

#[tokio::test]
async fn a_watch_that_fell_off_the_ring_and_is_overtaken_by_compaction_is_canceled() {
    let mut world = World::new(0);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 3).await;
    world.compact(Revision(3)).await;
    let canceled = "0 canceled Compacted { compact_revision: Revision(3) }";
    assert_eq!(drain_short(&mut events).await, [canceled]);
}

#[tokio::test]
async fn a_watch_that_is_overtaken_while_the_backend_is_read_is_canceled_and_shown_no_gap() {
    let backend = SlowBackend::new();
    let mut world = World::on(backend.clone(), 0);
    world.puts("a", 3).await;
    let (_control, mut events) = world.watch(from_revision(2, "a", "")).await;
    assert!(poll(&mut events).await.is_none());
    world.compact(Revision(4)).await;
    backend.allow(1);
    let canceled = "0 canceled Compacted { compact_revision: Revision(4) }";
    assert_eq!(drain_short(&mut events).await, [canceled]);
}

#[tokio::test]
async fn a_slow_reader_still_gets_from_memory_what_was_compacted_since() {
    let mut world = World::new(BIG_RING);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 3).await;
    world.compact(Revision(4)).await;
    assert_eq!(drain_short(&mut events).await, ["0@4: a=2 a=3 a=4"]);
}

#[tokio::test]
async fn a_watch_that_is_up_to_date_does_not_notice_a_compaction() {
    let mut world = World::new(0);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("other", 3).await;
    world.compact(Revision(4)).await;
    world.commit(&[put("a")]).await;
    assert_eq!(drain_short(&mut events).await, ["0@5: a=5"]);
}

#[tokio::test]
async fn a_watch_is_canceled_that_reads_what_another_store_has_removed_of_the_log() {
    let mut world = World::new(0);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 3).await;
    world.compact_as_others(Revision(4)).await;
    let canceled = "0 canceled Compacted { compact_revision: Revision(4) }";
    assert_eq!(drain_short(&mut events).await, [canceled], "and not a=4 alone");
}

#[tokio::test]
async fn a_watch_goes_on_from_where_another_store_has_compacted_the_log() {
    let mut world = World::new(0);
    let (_control, mut events) = world.watch(watch_of("a", "")).await;
    world.puts("a", 1).await;
    world.compact_as_others(Revision(2)).await;
    world.puts("a", 1).await;
    assert_eq!(drain_short(&mut events).await, ["0@3: a=2 a=3"]);
}
