//! What an append is to the database: one statement, which is one transaction, and one notification.

use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use sqlx::postgres::PgListener;
use storage_core::backend::{AppendOutcome, Backend as _};
use storage_core::commit::{Commit, Mutation};
use storage_core::{CommitId, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};
use tokio::task::block_in_place;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
const GROUPS: u64 = 10;
const COMMITS: u64 = 64;
/// How often the database was asked for something that writes, tells, or is a step of a transaction.
const STATEMENTS: &str = r"
SELECT sum(calls) FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND query ~* '\m(insert|update|delete|notify|pg_notify|begin|commit|lock)\M'";
/// Rows, and the transactions that wrote them.
const ROWS: &str = "SELECT count(*), count(DISTINCT xmin::text) FROM auroch.commits";

fn commit(position: u64) -> Commit {
    let revision = Revision(1 + position.cast_signed());
    let id = VersionId { revision, sub: Sub(0) };
    let (key, value) = (format!("k{position}").as_bytes().into(), Bytes::from_static(b"x"));
    let meta = VersionMeta::put(id, revision, 1, LeaseId::NONE, value.len());
    let mutations = vec![Mutation { key, meta, value }];
    Commit { position: Position(position), revision, id: CommitId(position.into()), mutations, controls: Vec::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_one_statement_one_transaction_and_one_notification() {
    let mut cluster = Cluster::start();
    cluster.sql("postgres", "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
    cluster.shut_down();
    cluster.resume();
    let dsn = cluster.dsn("db");
    let backend = PostgresBackend::open(PostgresOptions::parse(&dsn).expect("a DSN")).await.expect("it opens");
    let mut listener = PgListener::connect(&dsn).await.expect("it connects");
    listener.listen("auroch").await.expect("it listens");
    cluster.sql("db", "CREATE EXTENSION pg_stat_statements");
    cluster.sql("db", "SELECT pg_stat_statements_reset()");

    for n in 0..GROUPS {
        let first = n * COMMITS + 1;
        let group = (first..first + COMMITS).map(commit).collect();
        let outcome = backend.append(Position(first - 1), group).await.expect("it appends");
        assert_eq!(outcome, AppendOutcome::Appended);
        let heard = timeout(PATIENCE, listener.recv()).await.expect("it is told").expect("it goes on");
        assert_eq!(heard.payload(), (first + COMMITS - 1).to_string(), "once, and where the log ends now");
    }
    assert_eq!(block_in_place(|| cluster.sql("db", STATEMENTS)), GROUPS.to_string());
    assert_eq!(block_in_place(|| cluster.sql("db", ROWS)), format!("{}|{GROUPS}", GROUPS * COMMITS));

    // One that comes too late writes nothing, and tells nobody.
    let late = backend.append(Position(3), [commit(4)].into()).await.expect("it answers");
    assert_eq!(late, AppendOutcome::Conflict { position: Position(GROUPS * COMMITS) });
    backend.append(Position(GROUPS * COMMITS), [commit(GROUPS * COMMITS + 1)].into()).await.expect("it appends");
    let heard = timeout(PATIENCE, listener.recv()).await.expect("it is told").expect("it goes on");
    assert_eq!(heard.payload(), (GROUPS * COMMITS + 1).to_string());
}
