//! Groups that are kept apart: fewer flushes, nothing less durable.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use storage_core::{MemoryBackend, Revision, Store, StoreOptions};
use tokio::time::Instant;

use crate::support::{put, put_if, range};

const INTERVAL: Duration = Duration::from_millis(100);

async fn open() -> Store {
    let options = StoreOptions { min_group_interval: INTERVAL, ..StoreOptions::default() };
    Store::open(Arc::new(MemoryBackend::new()), options).await.expect("it opens")
}

fn groups(store: &Store) -> u64 {
    store.stats().appends.group_commits.count()
}

#[tokio::test(start_paused = true)]
async fn a_write_after_a_rest_does_not_wait_and_those_that_follow_share_a_group() {
    let store = open().await;
    let begin = Instant::now();
    store.put(put("a", "0")).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    let before = groups(&store);
    let written = join_all((0..50).map(|n| store.put(put(&format!("b{n}"), "1")))).await;
    assert!(written.iter().all(Result::is_ok));
    assert!(begin.elapsed() >= INTERVAL && begin.elapsed() < 2 * INTERVAL, "{:?}", begin.elapsed());
    assert_eq!(groups(&store) - before, 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_group_is_neither_read_nor_given_away() {
    let store = open().await;
    store.put(put("a", "0")).await.unwrap();
    let begin = Instant::now();
    let (created, exists) = tokio::join!(store.put(put("b", "1")), store.txn(put_if("b", "2", Revision(0))));
    assert!(begin.elapsed() >= INTERVAL / 2, "the refusal rests on a write that waits");
    assert!(created.is_ok() && !exists.unwrap().succeeded);
    let (read, _) = tokio::join!(count_after_a_yield(&store), store.put(put("c", "1")));
    assert_eq!(read, 2, "reads do not wait");
}

async fn count_after_a_yield(store: &Store) -> usize {
    tokio::task::yield_now().await;
    store.range(range("\0", "\0")).await.expect("it reads").count
}

#[tokio::test(start_paused = true)]
async fn a_full_group_does_not_wait() {
    let store = open().await;
    store.put(put("a", "0")).await.unwrap();
    let begin = Instant::now();
    let big = "x".repeat(1 << 20);
    store.put(put("b", &big)).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_written_when_the_store_closes() {
    let store = open().await;
    store.put(put("a", "0")).await.unwrap();
    let (written, closed) = tokio::join!(store.put(put("b", "1")), async {
        tokio::task::yield_now().await;
        store.close().await
    });
    assert!(written.is_ok(), "{written:?}");
    closed.unwrap();
}
