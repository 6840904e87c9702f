//! Events of which another store has swept the version before: as in etcd it is absent, and the event comes all the same.

use std::sync::Arc;

use bytes::Bytes;
use storage_core::watch::{WatchControl, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{Backend, MemoryBackend, Revision, Store, StoreOptions};

use crate::support::gate::Gate;
use crate::support::{keys, put, range};
use crate::watches::next;

/// Two stores with "a" at revision 2, of which the first hears of nothing unless it asks, and has no value in memory.
async fn two_stores(ring_bytes: usize) -> (Store, Store) {
    let memory = Arc::new(MemoryBackend::shared());
    let two = Store::open(Arc::clone(&memory) as Arc<dyn Backend>, StoreOptions::default()).await.expect("it opens");
    two.put(put("a", "2")).await.expect("put");
    let options = StoreOptions { ring_bytes, ..StoreOptions::default() };
    let one = Store::open(Gate::deaf(memory), options).await.expect("it opens");
    (one, two)
}

async fn watch(store: &Store, start: i64) -> (WatchControl, WatchEvents) {
    let (control, mut events) = store.watch();
    let request = WatchRequest { start_revision: Revision(start), prev_kv: true, ..WatchRequest::new(keys("a", "")) };
    control.create(&request);
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Created { .. })));
    (control, events)
}

/// Revision and version before of so many events.
async fn seen(events: &mut WatchEvents, count: usize) -> Vec<(i64, Option<Bytes>)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        match next(events).await.expect("it goes on") {
            WatchMessage::Events { events, .. } => seen.extend(
                events.iter().map(|e| (e.meta.mod_revision().0, e.prev_kv().map(|(_, value)| Bytes::clone(value)))),
            ),
            other => panic!("instead of events: {other:?}"),
        }
    }
    seen
}

async fn asks(store: &Store) {
    store.range(range("a", "")).await.expect("it answers");
}

const ABSENT_THEN_KNOWN: [(i64, Option<Bytes>); 2] = [(3, None), (4, Some(Bytes::from_static(b"3")))];

#[tokio::test]
async fn an_event_that_is_heard_of_after_the_sweep_has_no_version_before() {
    let (one, two) = two_stores(StoreOptions::default().ring_bytes).await;
    let (_control, mut events) = watch(&one, 0).await;
    two.put(put("a", "3")).await.expect("put");
    two.compact(Revision(3), true).await.expect("compacted");
    asks(&one).await;
    two.put(put("a", "4")).await.expect("put");
    asks(&one).await;
    assert_eq!(seen(&mut events, 2).await, ABSENT_THEN_KNOWN);
}

#[tokio::test]
async fn an_event_of_which_the_sweep_is_not_heard_yet_has_no_version_before() {
    for ring_bytes in [StoreOptions::default().ring_bytes, 0] {
        let (one, two) = two_stores(ring_bytes).await;
        two.put(put("a", "3")).await.expect("put");
        two.put(put("a", "4")).await.expect("put");
        asks(&one).await;
        two.compact(Revision(3), true).await.expect("compacted");
        // From the ring, or where that does not reach back, from the log.
        let (_control, mut events) = watch(&one, 3).await;
        assert_eq!(seen(&mut events, 2).await, ABSENT_THEN_KNOWN);
    }
}
