//! What a backend takes for one group of commits, durable at the end: the floor of every write.

mod bed;

use std::cell::Cell;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use storage_core::backend::AppendOutcome;
use storage_core::commit::{Commit, Group, Mutation};
use storage_core::{Backend, CommitId, Key, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};

use crate::bed::{KINDS, VALUE_BYTES, key, quick, runtime, value};

const GROUPS: [u64; 4] = [1, 16, 64, 256];

/// Commits of one put each, behind `position`.
fn group(position: u64, commits: u64) -> Group {
    let commit = |number: u64| {
        let revision = Revision(number as i64 + 1);
        let id = VersionId { revision, sub: Sub(0) };
        let meta = VersionMeta::put(id, revision, 1, LeaseId::NONE, VALUE_BYTES);
        let mutation = Mutation { key: Key::from(&key(number as usize)[..]), meta, value: value() };
        let id = CommitId(u128::from(number));
        Commit { position: Position(number), revision, id, mutations: vec![mutation], controls: vec![] }
    };
    (position + 1..=position + commits).map(commit).collect()
}

async fn append(backend: &dyn Backend, end: &Cell<u64>, commits: u64) -> Duration {
    let group = group(end.get(), commits);
    let begin = Instant::now();
    let outcome = backend.append(Position(end.get()), group).await.expect("the disk has room");
    let elapsed = begin.elapsed();
    assert!(matches!(outcome, AppendOutcome::Appended), "nobody else writes");
    end.set(end.get() + commits);
    elapsed
}

fn benches(c: &mut Criterion) {
    let runtime = runtime();
    for kind in KINDS {
        let mut measured = c.benchmark_group(format!("append/{}", kind.name()));
        let bed = runtime.block_on(kind.open());
        let (backend, end) = (&*bed.backend, &Cell::new(0));
        for commits in GROUPS {
            measured.throughput(Throughput::Elements(commits));
            measured.bench_function(BenchmarkId::new("group", commits), |b| {
                b.to_async(&runtime).iter_custom(|times| async move {
                    let mut elapsed = Duration::ZERO;
                    for _ in 0..times {
                        elapsed += append(backend, end, commits).await;
                    }
                    elapsed
                });
            });
        }
    }
}

criterion_group! { name = all; config = quick(); targets = benches }
criterion_main!(all);
