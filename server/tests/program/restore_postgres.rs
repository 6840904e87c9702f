//! `auroch restore` into PostgreSQL.

use std::sync::Arc;

use backend_postgres::{PostgresBackend, PostgresOptions};
use conformance::postgres::Cluster;
use tempfile::tempdir;

use crate::copy_refused::leave_half_a_restore;
use crate::process::Process;
use crate::restore::{restore, save};

#[tokio::test]
async fn a_snapshot_is_restored_into_postgresql_and_served_by_two_servers() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let dsn = Cluster::shared().new_database();
    let restored = restore(folder.path(), &["--storage", &dsn]).await;
    assert!(restored.has_said("500 keys at revision 501"), "{:#?}", restored.said);
    let first = Process::ready(folder.path(), &["--storage", &dsn]).await;
    let second = Process::ready(folder.path(), &["--storage", &dsn]).await;
    assert_eq!(first.client().await.put("more", "x", None).await.unwrap().header().unwrap().revision(), 502);
    let answer = second.client().await.get("k77", None).await.unwrap();
    assert_eq!((answer.header().unwrap().revision(), answer.kvs()[0].value()), (502, &b"v77"[..]));
    assert_eq!(answer.kvs()[0].mod_revision(), 79);
    let refused = Process::start(folder.path(), &["restore", "snapshot.db", "--storage", &dsn]).refused().await;
    assert!(refused.contains("is not empty"), "{refused}");
}

#[tokio::test]
async fn a_restore_into_postgresql_that_was_cut_off_starts_over() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let dsn = Cluster::shared().new_database();
    let backend = PostgresBackend::open(PostgresOptions::parse(&dsn).unwrap()).await.unwrap();
    leave_half_a_restore(Arc::new(backend)).await;
    let any_port = "--listen-client-urls=http://127.0.0.1:0";
    let refused = Process::start(folder.path(), &[any_port, "--storage", &dsn]).refused().await;
    assert!(refused.contains("a restore or a copy that was not finished"), "{refused}");
    let restored = restore(folder.path(), &["--storage", &dsn]).await;
    assert!(restored.has_said("starting over"), "{:#?}", restored.said);
    let server = Process::ready(folder.path(), &["--storage", &dsn]).await;
    assert_eq!(server.client().await.get("k499", None).await.unwrap().kvs().len(), 1);
}
