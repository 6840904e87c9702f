//! Reads of a store of 200,000 keys, most of whose values are not in the cache: one key, a page, everything, the count.

mod bed;

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use storage_core::{KeyRange, RangeRequest, RangeResponse, Store};

use crate::bed::{KINDS, all_keys, key, quick, runtime};

const KEYS: usize = 200_000;
const PAGE: usize = 500;
/// Shares no divisor with the number of keys: reads in this step see every key.
const STRIDE: usize = 7919;

async fn read(store: &Store, request: RangeRequest) -> RangeResponse {
    black_box(store.range(request).await.expect("the store can be read"))
}

async fn get(store: &Store, next: &AtomicUsize) {
    let number = next.fetch_add(STRIDE, Ordering::Relaxed) % KEYS;
    let answer = read(store, RangeRequest::new(KeyRange::new(&key(number), b""))).await;
    assert_eq!(answer.kvs.len(), 1);
}

async fn page(store: &Store) {
    let answer = read(store, RangeRequest { limit: PAGE, ..RangeRequest::new(all_keys()) }).await;
    assert_eq!((answer.kvs.len(), answer.count), (PAGE, KEYS));
}

async fn list(store: &Store) {
    assert_eq!(read(store, RangeRequest::new(all_keys())).await.kvs.len(), KEYS);
}

async fn count(store: &Store) {
    let answer = read(store, RangeRequest { count_only: true, ..RangeRequest::new(all_keys()) }).await;
    assert_eq!(answer.count, KEYS);
}

fn benches(c: &mut Criterion) {
    let runtime = runtime();
    for kind in KINDS {
        let bed = runtime.block_on(kind.open());
        let store = &runtime.block_on(bed.filled(KEYS));
        let next = &AtomicUsize::new(0);
        let mut measured = c.benchmark_group(format!("range/{}", kind.name()));
        measured.bench_function("get", |b| b.to_async(&runtime).iter(|| get(store, next)));
        measured.bench_function("page of 500", |b| b.to_async(&runtime).iter(|| page(store)));
        measured.bench_function("count", |b| b.to_async(&runtime).iter(|| count(store)));
        measured.bench_function("list", |b| b.to_async(&runtime).iter(|| list(store)));
        measured.finish();
        runtime.block_on(store.close()).expect("a store closes");
    }
}

criterion_group! { name = all; config = quick(); targets = benches }
criterion_main!(all);
