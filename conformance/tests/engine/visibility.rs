//! Nothing is visible before it is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use storage_core::watch::{WatchMessage, WatchRequest};
use storage_core::{LeaseId, MemoryBackend, Revision, Store, StoreOptions};

use crate::support::gate::Gate;
use crate::support::{all_keys, put, put_if, range};
use crate::watches::next;

async fn gated() -> (Arc<Gate>, Store) {
    let gate = Gate::open(Arc::new(MemoryBackend::new()));
    let store = Store::open(Arc::clone(&gate) as _, StoreOptions::default()).await.expect("it opens");
    (gate, store)
}

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_not_durable_is_neither_answered_nor_read_nor_watched() {
    let (gate, store) = gated().await;
    let (control, mut events) = store.watch();
    control.create(&WatchRequest::new(all_keys()));
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Created { .. })));
    gate.shut();

    // One on its way to the disk, the next evaluated on top of it, and answers that would give them away.
    let mut first = Box::pin(store.put(put("a", "x")));
    assert!(first.as_mut().now_or_never().is_none());
    settle().await;
    assert_eq!(gate.waiting(), 1);
    let mut granted = Box::pin(store.lease_grant(LeaseId(1), 60));
    let mut exists = Box::pin(store.lease_grant(LeaseId(1), 60));
    let mut rejected = Box::pin(store.txn(put_if("a", "y", Revision(0))));
    let mut leases = Box::pin(store.leases());
    for _ in 0..3 {
        assert!(granted.as_mut().now_or_never().is_none());
        assert!(exists.as_mut().now_or_never().is_none());
        assert!(rejected.as_mut().now_or_never().is_none());
        assert!(leases.as_mut().now_or_never().is_none());
        settle().await;
    }
    let read = store.range(range("\0", "\0")).await.expect("reads do not wait");
    assert_eq!((read.count, read.revision, store.revision()), (0, Revision(1), Revision(1)));
    assert_eq!(store.range(range("\0", "\0")).await.map(|r| r.kvs.len()), Ok(0));
    assert_eq!(store.hash_kv(Revision(0)).await.map(|r| r.hash_revision), Ok(Revision(1)));
    assert!(events.next().now_or_never().is_none(), "the watch has seen nothing");

    gate.let_through(1);
    assert_eq!(first.await.map(|r| r.revision), Ok(Revision(2)));
    assert_eq!(store.range(range("\0", "\0")).await.map(|r| r.count), Ok(1));
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Events { revision: Revision(2), .. })));
    settle().await;
    assert!(exists.as_mut().now_or_never().is_none(), "the grant is not durable yet");
    gate.let_through(1);
    assert!(granted.await.is_ok());
    assert_eq!(exists.await, Err(storage_core::StoreError::LeaseExists));
    assert!(!rejected.await.expect("it is answered").succeeded);
    assert_eq!(leases.await, Ok((Revision(2), vec![LeaseId(1)])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_no_range_and_no_event_is_ahead_of_the_disk() {
    let (gate, store) = gated().await;
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (gate, store, done) = (Arc::clone(&gate), store.clone(), Arc::clone(&done));
        async move {
            while !done.load(Ordering::SeqCst) {
                let read = store.range(range("\0", "\0")).await.expect("it answers");
                let newest = read.kvs.iter().map(|kv| kv.meta.mod_revision()).max().unwrap_or(Revision(1));
                let durable = gate.durable();
                assert!(read.revision <= durable && newest <= read.revision, "{newest} {} {durable}", read.revision);
                tokio::task::yield_now().await;
            }
        }
    });
    let watcher = tokio::spawn({
        let (gate, (control, mut events)) = (Arc::clone(&gate), store.watch());
        control.create(&WatchRequest::new(all_keys()));
        async move {
            loop {
                match next(&mut events).await {
                    Ok(WatchMessage::Events { revision, events, .. }) => {
                        assert!(revision <= gate.durable());
                        if events.iter().any(|e| &*e.key == b"end") {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(e) => panic!("{e}"),
                }
            }
        }
    });
    let writers = (0..16).map(|writer| {
        let (gate, store) = (Arc::clone(&gate), store.clone());
        tokio::spawn(async move {
            for n in 0..40 {
                let answer = store.put(put(&format!("{writer}/{}", n % 4), "x")).await.expect("put");
                assert!(answer.revision <= gate.durable(), "answered before it was durable");
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("the writer saw nothing wrong");
    }
    store.put(put("end", "x")).await.expect("put");
    watcher.await.expect("the watcher saw nothing wrong");
    done.store(true, Ordering::SeqCst);
    reader.await.expect("the reader saw nothing wrong");
}
