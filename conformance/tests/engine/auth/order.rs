//! Permissions and writes have one order.

use std::sync::atomic::{AtomicBool, Ordering};

use storage_core::Backend;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::watch::{WatchMessage, WatchRequest};

use tokio::sync::Semaphore;

use super::*;
use crate::support::gate::Gate;
use crate::support::{put, range};
use crate::watches::next;

/// A user `a` who may read and write `a`, and a gate before the storage.
async fn world() -> (Arc<Gate>, Store) {
    over(Arc::new(MemoryBackend::new())).await
}

async fn over(backend: Arc<dyn Backend>) -> (Arc<Gate>, Store) {
    let gate = Gate::open(backend);
    let store = Store::open(Arc::clone(&gate) as _, StoreOptions::default()).await.expect("it opens");
    user(&store, "a", &[(ReadWrite, "a", "")]).await;
    enable(&store).await;
    store.put(put("a", "before")).await.expect("put");
    (gate, store)
}

/// Hands `ask` to the writer and waits until it is being appended.
macro_rules! begin {
    ($gate:expr, $ask:expr) => {{
        let waiting = $gate.waiting();
        let asked = tokio::spawn($ask);
        while $gate.waiting() == waiting {
            tokio::task::yield_now().await;
        }
        asked
    }};
}

#[tokio::test]
async fn a_write_behind_the_loss_of_a_permission_is_refused_before_that_is_durable() {
    let (gate, store) = world().await;
    gate.shut();
    let revoked = begin!(gate, {
        let store = store.clone();
        async move { store.change_auth(role_revoke("a", "a", "")).await }
    });
    assert_eq!(by(&store, "a").range(range("a", "")).await.map(drop), Ok(()), "nobody may know of it yet");
    let write = tokio::spawn({
        let a = by(&store, "a");
        async move { a.put(put("a", "after")).await }
    });
    tokio::task::yield_now().await;
    assert!(!write.is_finished(), "its refusal would tell of what is not durable");
    gate.let_through(10);
    revoked.await.expect("no panic").expect("revoked");
    assert_eq!(write.await.expect("no panic").map(drop), Err(OLD_REVISION));
    assert_eq!(by(&store, "a").put(put("a", "after")).await.map(drop), Err(DENIED));
    assert_eq!(store.range(range("a", "")).await.expect("read").kvs[0].value, "before");
}

#[tokio::test]
async fn a_caller_with_a_later_auth_revision_than_the_state_s_may_write_and_not_read() {
    let (_, store) = world().await;
    let later = Caller { user: "a".into(), auth_revision: store.auth().revision() + 1 };
    let later = store.for_client(Some(later));
    assert_eq!(later.put(put("a", "x")).await.map(drop), Ok(()), "as in etcd");
    assert_eq!(later.range(range("a", "")).await.map(drop), Err(OLD_REVISION), "as in etcd");
}

#[tokio::test]
async fn a_stream_of_ranges_ends_when_permissions_change() {
    let (_, store) = world().await;
    for n in 0..40 {
        store.put(put(&format!("k{n:02}"), "x")).await.expect("put");
    }
    all(&store, [role_grant("a", Read, "k", "l")]).await;
    let mut stream = by(&store, "a").range_stream(range("k", "l"), 64).expect("it begins");
    assert!(stream.next().await.expect("a part").is_ok());
    all(&store, [role_revoke("a", "k", "l")]).await;
    assert_eq!(stream.next().await.expect("an end").map(drop), Err(OLD_REVISION));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_of_ranges_that_began_before_authentication_ends_with_it() {
    let store = open().await;
    for n in 0..40 {
        store.put(put(&format!("k{n:02}"), "x")).await.expect("put");
    }
    let mut stream = store.for_client(None).range_stream(range("k", "l"), 64).expect("it begins");
    let mut trusted = store.range_stream(range("k", "l"), 64).expect("it begins");
    assert!(stream.next().await.expect("a part").is_ok());
    enable(&store).await;
    assert_eq!(stream.next().await.expect("an end").map(drop), Err(OLD_REVISION));
    assert!(trusted.next().await.expect("a part").is_ok(), "the server's own goes on");
}

#[tokio::test]
async fn a_permission_is_lost_before_the_events_of_later_writes_are_shown() {
    let (gate, store) = world().await;
    let revision = store.auth().revision();
    let (control, mut events) = store.watch();
    control.create(&WatchRequest::new(keys("a", "")));
    assert!(matches!(next(&mut events).await, Ok(WatchMessage::Created { .. })));
    // Both go into one group, behind one that is being appended.
    gate.shut();
    let first = begin!(gate, {
        let store = store.clone();
        async move { store.put(put("x", "x")).await }
    });
    let revoked = store.change_auth(role_revoke("a", "a", ""));
    let written = store.put(put("a", "secret"));
    let behind = async { tokio::join!(revoked, written) };
    let open = async {
        tokio::task::yield_now().await;
        gate.let_through(10);
    };
    let seen = async {
        let event = next(&mut events).await;
        (event.is_ok(), store.auth().revision())
    };
    let ((revoked, written), (), seen) = tokio::join!(behind, open, seen);
    assert!(revoked.is_ok() && written.is_ok() && first.await.expect("no panic").is_ok());
    assert_eq!(seen, (true, revision + 1), "who has the event knows of the loss");
}

#[tokio::test]
async fn a_request_that_rests_on_a_refused_change_is_evaluated_without_it() {
    let faults = Arc::new(FaultBackend::new(Arc::new(MemoryBackend::new())));
    let (gate, store) = over(Arc::clone(&faults) as _).await;
    faults.script([Fault::Refused]);
    gate.shut();
    let revoked = begin!(gate, {
        let store = store.clone();
        async move { store.change_auth(role_revoke("a", "a", "")).await }
    });
    let a = by(&store, "a");
    let write = tokio::spawn(async move { a.put(put("a", "after")).await });
    tokio::task::yield_now().await;
    gate.let_through(10);
    assert!(matches!(revoked.await.expect("no panic"), Err(StoreError::Refused(_))));
    assert_eq!(write.await.expect("no panic").map(drop), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_what_was_written_after_the_loss_of_the_permission() {
    let (gate, store) = world().await;
    let stop = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        async move {
            while !stop.load(Ordering::Relaxed) {
                if let Ok(answer) = by(&store, "a").range(range("a", "")).await {
                    assert_ne!(answer.kvs[0].value, "secret");
                }
                tokio::task::yield_now().await;
            }
        }
    });
    for _ in 0..200 {
        // Both become durable and are published at once, behind what is being appended.
        gate.shut();
        let first = begin!(gate, {
            let store = store.clone();
            async move { store.put(put("x", "x")).await }
        });
        let lost = async { tokio::join!(store.change_auth(role_revoke("a", "a", "")), store.put(put("a", "secret"))) };
        let opened = async {
            tokio::task::yield_now().await;
            gate.let_through(Semaphore::MAX_PERMITS / 2);
        };
        let ((revoked, written), ()) = tokio::join!(lost, opened);
        assert!(revoked.is_ok() && written.is_ok() && first.await.expect("no panic").is_ok());
        store.put(put("a", "public")).await.expect("put");
        all(&store, [role_grant("a", ReadWrite, "a", "")]).await;
    }
    stop.store(true, Ordering::Relaxed);
    reader.await.expect("it never saw the secret");
}
