//! Updates seen by 100 watchers of a prefix that ask for prev_kv, on 8 streams, from the request to the encoded event.

mod bed;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use storage_core::watch::{WatchEvents, WatchMessage, WatchRequest};
use storage_core::{PutRequest, Store};
use tokio::task::JoinSet;

use crate::bed::{KINDS, all_keys, key, quick, runtime, share, timed, value};

const WATCHERS: u64 = 100;
const STREAMS: usize = 8;
const WRITERS: usize = 64;

/// A stream's reader once its watches exist, and how many they are.
async fn stream(store: &Store, number: usize) -> (WatchEvents, u64) {
    let watches = share(WATCHERS, number, STREAMS);
    let (control, mut events) = store.watch();
    for _ in 0..watches {
        control.create(&WatchRequest { prev_kv: true, ..WatchRequest::new(all_keys()) });
        assert!(matches!(events.next().await, Some(WatchMessage::Created { .. })));
    }
    (events, watches)
}

async fn see(mut stream: WatchEvents, mut expected: u64) {
    while expected > 0 {
        if let Some(WatchMessage::Events { events, .. }) = stream.next().await {
            events.iter().for_each(|event| _ = black_box(event.encoded(true)));
            expected -= events.len() as u64;
        }
    }
}

/// From the first of `times` updates until every watcher has seen all of them.
async fn fan_out(store: &Store, times: u64) -> Duration {
    let mut readers = JoinSet::new();
    for number in 0..STREAMS {
        let (events, watches) = stream(store, number).await;
        readers.spawn(see(events, watches * times));
    }
    let begin = Instant::now();
    timed(WRITERS, |writer| {
        let store = store.clone();
        async move {
            for _ in 0..share(times, writer, WRITERS) {
                store.put(PutRequest::new(&key(writer), value())).await.expect("the disk has room");
            }
        }
    })
    .await;
    readers.join_all().await;
    begin.elapsed()
}

fn benches(c: &mut Criterion) {
    let runtime = runtime();
    for kind in KINDS {
        let bed = runtime.block_on(kind.open());
        let store = &runtime.block_on(bed.filled(WRITERS));
        let mut measured = c.benchmark_group(format!("watch/{}", kind.name()));
        measured.throughput(Throughput::Elements(WATCHERS));
        measured.bench_function("update seen by 100", |b| {
            b.to_async(&runtime).iter_custom(|times| fan_out(store, times));
        });
        measured.finish();
        runtime.block_on(store.close()).expect("a store closes");
    }
}

criterion_group! { name = all; config = quick(); targets = benches }
criterion_main!(all);
