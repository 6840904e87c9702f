//! Callers that go away, come in crowds, or want too much.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use storage_core::{MemoryBackend, PutRequest, Revision, Store, StoreError, StoreOptions};

use crate::support::gate::Gate;
use crate::support::{put, range};

async fn gated() -> (Arc<Gate>, Store) {
    let gate = Gate::open(Arc::new(MemoryBackend::new()));
    let store = Store::open(Arc::clone(&gate) as _, StoreOptions::default()).await.expect("it opens");
    (gate, store)
}

#[tokio::test]
async fn callers_that_give_up_hold_up_nobody() {
    let (gate, store) = gated().await;
    gate.shut();
    for n in 0..100 {
        // Some are dropped before the writer saw them, some while they are evaluated, some while they are appended.
        let mut abandoned = Box::pin(store.put(put(&format!("{n:03}"), "x")));
        assert!(abandoned.as_mut().now_or_never().is_none(), "nothing is durable yet");
        if n % 3 == 0 {
            tokio::task::yield_now().await;
        }
        drop(abandoned);
    }
    gate.let_through(1000);
    let last = store.put(put("last", "x")).await.expect("the writer goes on");
    // They were queued, and nobody took them back.
    assert_eq!(last.revision, Revision(102));
    assert_eq!(store.range(range("\0", "\0")).await.expect("it answers").count, 101);
}

#[tokio::test]
async fn more_requests_than_can_wait_are_refused_and_the_others_are_not() {
    let (gate, store) = gated().await;
    gate.shut();
    let value = Bytes::from(vec![7; 1024]);
    let mut waiting = Vec::new();
    let mut refused = 0;
    for n in 0..8000 {
        let mut request = Box::pin(store.put(PutRequest::new(format!("{n:05}").as_bytes(), value.clone())));
        match request.as_mut().now_or_never() {
            None => waiting.push(request),
            Some(Err(StoreError::TooManyRequests)) => refused += 1,
            Some(other) => panic!("nothing is durable yet: {other:?}"),
        }
        tokio::task::yield_now().await;
    }
    assert!(refused > 0, "the queue is bounded");
    gate.let_through(1000);
    let answered = join_all(waiting).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(answered, 8000 - refused);
    assert_eq!(store.range(range("\0", "\0")).await.expect("it answers").count, answered);
}

#[tokio::test]
async fn large_requests_wait_their_turn_for_memory() {
    let (gate, store) = gated().await;
    gate.shut();
    let value = Bytes::from(vec![7; 1 << 20]);
    let puts: Vec<_> = (0..100).map(|n| PutRequest::new(format!("{n}").as_bytes(), value.clone())).collect();
    let puts = join_all(puts.into_iter().map(|request| store.put(request)));
    let open = async {
        tokio::task::yield_now().await;
        gate.let_through(1000);
    };
    let (answers, ()) = tokio::join!(puts, open);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test]
async fn a_request_over_the_limit_is_too_large_and_one_at_the_limit_is_not() {
    let options = StoreOptions { max_request_bytes: 100, ..StoreOptions::default() };
    let store = Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens");
    let sized = |bytes: usize| PutRequest::new(b"key", Bytes::from(vec![0; bytes]));
    assert_eq!(store.put(sized(98)).await, Err(StoreError::TooLarge));
    assert_eq!(store.put(sized(97)).await.map(|r| r.revision), Ok(Revision(2)));
}

#[tokio::test]
async fn a_closed_store_answers_that_it_is() {
    let (_gate, store) = gated().await;
    store.put(put("a", "x")).await.expect("put");
    let clone = store.clone();
    let (first, second) = tokio::join!(store.close(), clone.close());
    assert!(first.is_ok() && second.is_ok(), "closing twice is closing once");
    assert_eq!(store.put(put("a", "x")).await, Err(StoreError::Stopped));
    assert_eq!(store.range(range("a", "")).await, Err(StoreError::Stopped));
    assert_eq!(store.hash_kv(Revision(0)).await, Err(StoreError::Stopped));
    assert_eq!(store.leases().await, Err(StoreError::Stopped));
}
