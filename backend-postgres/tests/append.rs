//! What an append is to the database: one statement, which is one transaction, and one notification.

use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use conformance::backend_suite::History;
use conformance::postgres::Cluster;
use sqlx::postgres::PgListener;
use storage_core::Position;
use storage_core::backend::{AppendOutcome, Backend as _};
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

    let mut history = History::default();
    for _ in 0..GROUPS {
        for n in 0..COMMITS {
            history.put(&format!("k{n}"), b"x");
        }
        history.append(&backend).await;
        let heard = timeout(PATIENCE, listener.recv()).await.expect("it is told").expect("it goes on");
        assert_eq!(heard.payload(), history.position().to_string(), "once, and where the log ends now");
    }
    assert_eq!(block_in_place(|| cluster.sql("db", STATEMENTS)), GROUPS.to_string());
    assert_eq!(block_in_place(|| cluster.sql("db", ROWS)), format!("{}|{GROUPS}", GROUPS * COMMITS));

    // One that comes too late writes nothing, and tells nobody.
    let late = backend.append(Position(3), [history.commits[3].clone()].into()).await.expect("it answers");
    assert_eq!(late, AppendOutcome::Conflict { position: history.position() });
    history.put("a", b"x").append(&backend).await;
    let heard = timeout(PATIENCE, listener.recv()).await.expect("it is told").expect("it goes on");
    assert_eq!(heard.payload(), history.position().to_string());
}
