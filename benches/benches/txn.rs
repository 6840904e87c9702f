//! kube-apiserver's writes through the store: one client, where latency counts, and 64, where groups form.

mod bed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use storage_core::{Revision, Store};

use crate::bed::{KINDS, guarded_put, key, quick, runtime, share, timed};

const CLIENTS: [usize; 2] = [1, 64];

async fn create(store: &Store, next: &Arc<AtomicUsize>, clients: usize, times: u64) -> Duration {
    timed(clients, |client| {
        let (store, next) = (store.clone(), Arc::clone(next));
        async move {
            for _ in 0..share(times, client, clients) {
                let key = key(next.fetch_add(1, Ordering::Relaxed));
                assert!(store.txn(guarded_put(&key, Revision(0))).await.expect("the disk has room").succeeded);
            }
        }
    })
    .await
}

/// Every client updates a key of its own.
async fn update(store: &Store, clients: usize, times: u64) -> Duration {
    let mut revisions = Vec::new();
    for client in 0..clients {
        let put = storage_core::PutRequest::new(&key(client), bed::value());
        revisions.push(store.put(put).await.expect("the disk has room").revision);
    }
    timed(clients, |client| {
        let (store, key, mut revision) = (store.clone(), key(client), revisions[client]);
        async move {
            for _ in 0..share(times, client, clients) {
                let answer = store.txn(guarded_put(&key, revision)).await.expect("the disk has room");
                assert!(answer.succeeded, "nobody else updates the key");
                revision = answer.revision;
            }
        }
    })
    .await
}

fn benches(c: &mut Criterion) {
    let runtime = runtime();
    for kind in KINDS {
        let mut measured = c.benchmark_group(format!("txn/{}", kind.name()));
        measured.throughput(Throughput::Elements(1));
        for clients in CLIENTS {
            let bed = runtime.block_on(kind.open());
            let store = &runtime.block_on(bed.store());
            let next = &Arc::new(AtomicUsize::new(0));
            measured.bench_function(BenchmarkId::new("create", clients), |b| {
                b.to_async(&runtime).iter_custom(|times| create(store, next, clients, times));
            });
            measured.bench_function(BenchmarkId::new("update", clients), |b| {
                b.to_async(&runtime).iter_custom(|times| update(store, clients, times));
            });
            runtime.block_on(store.close()).expect("a store closes");
        }
    }
}

criterion_group! { name = all; config = quick(); targets = benches }
criterion_main!(all);
