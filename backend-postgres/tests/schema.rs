//! Databases of other versions of the schema.

use backend_postgres::{OpenError, PostgresBackend, PostgresOptions};
use conformance::backend_suite::History;
use conformance::postgres::Cluster;
use storage_core::Position;
use storage_core::backend::{Backend as _, ScanFrom, ScanLimits};
use storage_core::commit::{Commit, encode_commit};

const VERSION: &str = "SELECT version FROM auroch.schema_version";
const FIRST: &str = include_str!("schemas/1.sql");

async fn open(dsn: &str) -> Result<PostgresBackend, OpenError> {
    PostgresBackend::open(PostgresOptions::parse(dsn).expect("it is a DSN")).await
}

/// A database of which another program made the tables.
fn database_of(tables: &str) -> (&'static Cluster, String, String) {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    let name = dsn.rsplit('/').next().expect("it has a database").to_owned();
    cluster.sql("postgres", &format!("CREATE DATABASE {name}"));
    cluster.sql(&name, tables);
    (cluster, dsn, name)
}

fn insert(commit: &Commit) -> String {
    let hex: String = encode_commit(commit).iter().map(|byte| format!("{byte:02x}")).collect();
    let (position, revision) = (commit.position.0, commit.revision.0);
    format!(
        "INSERT INTO auroch.commits (revision, position, data) VALUES ({revision}, {position}, '\\x{hex}');
         UPDATE auroch.head SET position = {position}, revision = {revision};"
    )
}

/// The log of `FIRST` has a gap in its revisions, as a restored one has, which its search for a position does not bear.
#[tokio::test]
async fn a_database_of_the_first_version_becomes_one_of_the_newest_and_keeps_its_log() {
    let mut history = History::default();
    history.skip(99);
    for _ in 0..10 {
        history.put("a", b"x");
    }
    let log: String = history.group().iter().map(insert).collect();
    let (cluster, dsn, name) = database_of(&format!("{FIRST}\n{log}"));
    let backend = open(&dsn).await.expect("it opens");
    let limits = ScanLimits { commits: 100, bytes: 1 << 20 };
    for after in 0..=10_u64 {
        let found = backend.scan(ScanFrom::After(Position(after)), limits).await.expect("it scans");
        assert_eq!(found, history.commits[after as usize..], "after {after}");
    }
    history.put("a", b"x").append(&backend).await;
    assert_ne!(cluster.sql(&name, VERSION), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_on_an_old_database_at_once_bring_it_up_to_date_once() {
    let (_, dsn, _) = database_of(FIRST);
    let opened = tokio::join!(open(&dsn), open(&dsn), open(&dsn));
    for backend in [opened.0, opened.1, opened.2] {
        backend.expect("it opens").bounds().await.expect("it answers");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let (cluster, dsn, name) = database_of(&format!("{FIRST}; UPDATE auroch.schema_version SET version = 1000"));
    let error = open(&dsn).await.expect_err("it is newer");
    assert!(matches!(error, OpenError::NewerSchema { found: 1000, .. }), "{error}");
    assert!(error.to_string().contains("run the version that wrote it"), "{error}");
    assert_eq!(cluster.sql(&name, VERSION), "1000");
}

/// Version 2 replaces a function; here it cannot, because what is there is no function that can be replaced by it.
#[tokio::test]
async fn a_step_that_fails_changes_nothing() {
    let (cluster, dsn, name) = database_of(&format!(
        "{FIRST}; DROP FUNCTION auroch.first_behind;
         CREATE FUNCTION auroch.first_behind(after bigint) RETURNS text LANGUAGE sql AS 'SELECT NULL'"
    ));
    let error = open(&dsn).await.expect_err("it cannot be brought up to date");
    assert!(error.to_string().contains("cannot bring the schema \"auroch\" from version 1"), "{error}");
    assert_eq!(cluster.sql(&name, VERSION), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_on_an_empty_database_at_once_make_the_tables_once() {
    for _ in 0..10 {
        let (_, dsn, _) = database_of("");
        let opened = futures_util::future::join_all((0..4).map(|_| open(&dsn))).await;
        opened.into_iter().for_each(|opened| drop(opened.expect("it opens")));
    }
}
