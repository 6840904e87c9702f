//! What the driver costs: the backend (rusqlite on threads of its own) beside the same statements through sqlx, on files of the
//! same schema, with a flush for every group. `cargo bench -p backend-sqlite --bench driver`
//!
//! The decision that rests on it is storage-core/adr/0001-sqlite-driver.md.

use std::hint::black_box;

use backend_sqlite::{SqliteBackend, SqliteOptions};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, Sqlite};
use storage_core::backend::AppendOutcome;
use storage_core::commit::{Commit, Mutation, encode_commit};
use storage_core::{Backend as _, CommitId, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

const VALUE: &[u8] = &[0x5a; 1024];
/// Rows in the file that is read from.
const ROWS: u64 = 20_000;
const PAGE: usize = 500;

fn commit(position: u64) -> Commit {
    let revision = Revision(position.cast_signed() + 1);
    let id = VersionId { revision, sub: Sub(0) };
    let key = format!("/registry/pods/ns-{:03}/pod-{position:08}", position % 100);
    let meta = VersionMeta::put(id, revision, 1, LeaseId::NONE, VALUE.len());
    let mutation = Mutation { key: key.as_bytes().into(), meta, value: Bytes::from_static(VALUE) };
    let id = CommitId(position.into());
    Commit { position: Position(position), revision, id, mutations: vec![mutation], controls: Vec::new() }
}

fn group(after: u64, commits: u64) -> Vec<Commit> {
    (after + 1..=after + commits).map(commit).collect()
}

/// The backend on a new file.
struct Ours {
    backend: SqliteBackend,
    end: u64,
    _directory: TempDir,
}

impl Ours {
    async fn new(rows: u64) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let options = SqliteOptions::new(directory.path().join("state.db"));
        let backend = SqliteBackend::open(options).await.expect("it opens");
        let mut ours = Self { backend, end: 0, _directory: directory };
        while ours.end < rows {
            ours.append(1000).await;
        }
        ours
    }

    async fn append(&mut self, commits: u64) {
        let outcome = self.backend.append(Position(self.end), group(self.end, commits).into()).await;
        assert_eq!(outcome.expect("it appends"), AppendOutcome::Appended);
        self.end += commits;
    }
}

/// A connection of sqlx on a new file.
struct Sqlx {
    connection: SqliteConnection,
    end: u64,
    _directory: TempDir,
}

impl Sqlx {
    async fn new(rows: u64) -> Self {
        let Ours { backend, end, _directory: directory } = Ours::new(rows).await;
        backend.close().await.expect("it closes");
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("state.db"))
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let connection = options.connect().await.expect("it opens");
        Self { connection, end, _directory: directory }
    }

    /// A statement a row.
    async fn append_rows(&mut self, commits: u64) {
        let mut transaction = self.connection.begin().await.expect("it begins");
        for commit in group(self.end, commits) {
            sqlx::query("INSERT INTO commits (revision, position, data) VALUES (?1, ?2, ?3)")
                .bind(commit.revision.0)
                .bind(commit.position.0.cast_signed())
                .bind(encode_commit(&commit).to_vec())
                .execute(&mut *transaction)
                .await
                .expect("it inserts");
        }
        transaction.commit().await.expect("it commits");
        self.end += commits;
    }

    /// A statement a group: needs no transaction around it.
    async fn append_group(&mut self, commits: u64) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO commits (revision, position, data) ");
        insert.push_values(group(self.end, commits), |mut row, commit| {
            row.push_bind(commit.revision.0)
                .push_bind(commit.position.0.cast_signed())
                .push_bind(encode_commit(&commit).to_vec());
        });
        insert.build().execute(&mut self.connection).await.expect("it inserts");
        self.end += commits;
    }

    async fn value(&mut self, revision: i64) -> usize {
        let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT data FROM commits WHERE revision = ?1").bind(revision);
        select.fetch_one(&mut self.connection).await.expect("it is there").len()
    }

    async fn values(&mut self, revisions: &[i64]) -> usize {
        let mut select = QueryBuilder::<Sqlite>::new("SELECT data FROM commits WHERE revision IN (");
        let mut list = select.separated(", ");
        for revision in revisions {
            list.push_bind(*revision);
        }
        select.push(")");
        let rows =
            select.build_query_scalar::<Vec<u8>>().fetch_all(&mut self.connection).await.expect("they are there");
        rows.iter().map(Vec::len).sum()
    }
}

fn append(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let mut benches = c.benchmark_group("append 1 KiB");
    for commits in [1, 16, 64, 256] {
        benches.throughput(Throughput::Elements(commits));
        let ours = Mutex::new(runtime.block_on(Ours::new(0)));
        benches.bench_function(BenchmarkId::new("backend", commits), |b| {
            b.to_async(&runtime).iter(async || ours.lock().await.append(commits).await);
        });
        let sqlx = Mutex::new(runtime.block_on(Sqlx::new(0)));
        benches.bench_function(BenchmarkId::new("sqlx, a statement a row", commits), |b| {
            b.to_async(&runtime).iter(async || sqlx.lock().await.append_rows(commits).await);
        });
        let sqlx = Mutex::new(runtime.block_on(Sqlx::new(0)));
        benches.bench_function(BenchmarkId::new("sqlx, a statement a group", commits), |b| {
            b.to_async(&runtime).iter(async || sqlx.lock().await.append_group(commits).await);
        });
    }
}

fn read(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let ours = runtime.block_on(Ours::new(ROWS));
    let sqlx = Mutex::new(runtime.block_on(Sqlx::new(ROWS)));
    // Spread over the file, and never the same twice in a row.
    let revision = |i: usize| 2 + (i as i64 * 7919) % ROWS.cast_signed();
    let id = |revision| VersionId { revision: Revision(revision), sub: Sub(0) };
    let mut revisions: Vec<i64> = (0..PAGE).map(revision).collect();
    revisions.sort_unstable();
    let ids: Vec<_> = revisions.iter().map(|r| id(*r)).collect();

    let mut i = 0;
    c.bench_function("one value/backend", |b| {
        b.to_async(&runtime).iter(|| {
            i += 1;
            let id = id(revision(i));
            let backend = &ours.backend;
            async move { black_box(backend.values(&[id]).await.expect("values")) }
        });
    });
    c.bench_function("one value/sqlx", |b| {
        b.to_async(&runtime).iter(|| {
            i += 1;
            let revision = revision(i);
            let sqlx = &sqlx;
            async move { black_box(sqlx.lock().await.value(revision).await) }
        });
    });
    c.bench_function("500 scattered values/backend", |b| {
        b.to_async(&runtime).iter(async || black_box(ours.backend.values(&ids).await.expect("values")));
    });
    c.bench_function("500 scattered values/sqlx", |b| {
        b.to_async(&runtime).iter(async || black_box(sqlx.lock().await.values(&revisions).await));
    });
    let next: Vec<_> = (5000..).take(PAGE).map(id).collect();
    c.bench_function("500 neighbouring values/backend", |b| {
        b.to_async(&runtime).iter(async || black_box(ours.backend.values(&next).await.expect("values")));
    });
}

criterion_group!(benches, append, read);
criterion_main!(benches);
