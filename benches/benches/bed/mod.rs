//! What the benches stand on: stores over each backend, and keys in them.
#![allow(dead_code, reason = "every bench uses a part of it")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backend_sqlite::{SqliteBackend, SqliteOptions};
use bytes::Bytes;
use criterion::Criterion;
use storage_core::{
    Backend, Compare, CompareTarget, KeyRange, MemoryBackend, Op, PutRequest, Relation, Revision, Store, StoreOptions,
    TxnRequest,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// The size of every value.
pub(crate) const VALUE_BYTES: usize = 1024;
/// Requests in flight while a store is filled.
const FILL_WORKERS: usize = 256;

/// A backend to be measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
}

pub(crate) const KINDS: [Kind; 2] = [Kind::Memory, Kind::Sqlite];

/// A backend with the directory that it lives in.
pub(crate) struct Bed {
    pub backend: Arc<dyn Backend>,
    _directory: TempDir,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        }
    }

    /// A fresh backend; the directory is on the disk that holds the target directory, not in memory.
    pub(crate) async fn open(self) -> Bed {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target directory can be written");
        let backend: Arc<dyn Backend> = match self {
            Self::Memory => Arc::new(MemoryBackend::new()),
            Self::Sqlite => Arc::new(sqlite(directory.path()).await),
        };
        Bed { backend, _directory: directory }
    }
}

async fn sqlite(directory: &Path) -> SqliteBackend {
    let dsn = format!("sqlite://{}", directory.join("bench.db").display());
    let options = SqliteOptions::parse(&dsn).expect("the form of a path");
    SqliteBackend::open(options).await.expect("a fresh file can be opened")
}

impl Bed {
    pub(crate) async fn store(&self) -> Store {
        let options = StoreOptions { quota_bytes: None, ..StoreOptions::default() };
        Store::open(Arc::clone(&self.backend), options).await.expect("a fresh backend opens")
    }

    /// A store that holds the first `keys` keys.
    pub(crate) async fn filled(&self, keys: usize) -> Store {
        let store = self.store().await;
        let mut workers = JoinSet::new();
        for worker in 0..FILL_WORKERS {
            let store = store.clone();
            workers.spawn(async move {
                for number in (worker..keys).step_by(FILL_WORKERS) {
                    store.put(PutRequest::new(&key(number), value())).await.expect("the store has room");
                }
            });
        }
        workers.join_all().await;
        store
    }
}

/// Short enough that all benches take a few minutes; `--measurement-time` and `--sample-size` ask for more.
pub(crate) fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args()
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads can be started")
}

pub(crate) fn key(number: usize) -> Vec<u8> {
    format!("/registry/pods/ns-{:03}/pod-{number:08}", number % 100).into_bytes()
}

pub(crate) fn all_keys() -> KeyRange {
    KeyRange::new(b"/registry/pods/", b"/registry/pods0")
}

pub(crate) fn value() -> Bytes {
    Bytes::from_static(&[b'v'; VALUE_BYTES])
}

/// Writes the key if its mod revision is `revision`, as kube-apiserver creates and updates.
pub(crate) fn guarded_put(key: &[u8], revision: Revision) -> TxnRequest {
    let unchanged =
        Compare { keys: KeyRange::new(key, b""), relation: Relation::Equal, target: CompareTarget::Mod(revision) };
    TxnRequest { compares: vec![unchanged], success: vec![Op::Put(PutRequest::new(key, value()))], failure: vec![] }
}

/// Spawns `workers` tasks, and answers how long the last of them took.
pub(crate) async fn timed<F>(workers: usize, mut work: impl FnMut(usize) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let begin = Instant::now();
    let tasks: JoinSet<()> = (0..workers).map(&mut work).collect();
    tasks.join_all().await;
    begin.elapsed()
}

/// How many of `total` fall to `worker`.
pub(crate) fn share(total: u64, worker: usize, workers: usize) -> u64 {
    let workers = workers as u64;
    total / workers + u64::from((worker as u64) < total % workers)
}
