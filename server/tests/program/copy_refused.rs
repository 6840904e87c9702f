//! Where `auroch copy` does nothing, and says what to do instead.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backend_sqlite::{SqliteBackend, SqliteOptions};
use conformance::postgres::Cluster;
use storage_core::{Backend as _, Restore, SystemEnvironment};
use tempfile::{TempDir, tempdir};

use crate::copy::copy;
use crate::process::Process;

/// A folder with a store in `a.db`.
async fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    make(folder.path(), "a.db").await;
    folder
}

async fn make(folder: &Path, name: &str) {
    let mut server = Process::ready(folder, &["--storage", &format!("sqlite://{name}")]).await;
    server.client().await.put("a", name, None).await.unwrap();
    server.terminate();
    assert!(server.ended().await.success());
}

async fn refused(folder: &Path, from: &str, to: &str) -> String {
    Process::start(folder, &["copy", "--from", from, "--to", to]).refused().await
}

#[tokio::test]
async fn the_same_place_by_whatever_name_is_refused() {
    let folder = folder().await;
    std::os::unix::fs::symlink("a.db", folder.path().join("link.db")).unwrap();
    let absolute = format!("sqlite://{}/./a.db", folder.path().display());
    for to in ["sqlite://a.db", "sqlite://link.db", "sqlite://file:a.db?mode=rwc", &absolute] {
        let refused = refused(folder.path(), "sqlite://a.db", to).await;
        assert!(refused.contains("the same place"), "{refused}");
    }
    let database = Cluster::shared().new_database();
    copy(folder.path(), "sqlite://a.db", &database).await;
    let otherwise = database.replace("127.0.0.1", "localhost");
    let refused = refused(folder.path(), &database, &otherwise).await;
    assert!(refused.contains("the same place"), "{refused}");
}

#[tokio::test]
async fn memory_and_unknown_storages_are_refused() {
    let folder = folder().await;
    for (from, to) in [("sqlite://a.db", "memory://"), ("memory://", "sqlite://b.db")] {
        assert!(refused(folder.path(), from, to).await.contains("a store in memory is gone with its program"));
    }
    for (from, to) in [("sqlite://a.db", "mysql://me:secret@h/x"), ("nonsense", "sqlite://b.db")] {
        let refused = refused(folder.path(), from, to).await;
        assert!(refused.contains("is no storage that this program knows") && !refused.contains("secret"), "{refused}");
    }
    assert!(!folder.path().join("b.db").exists());
    let without = Process::start(folder.path(), &["copy", "--from", "sqlite://a.db"]).ended().await;
    assert_eq!(without.code(), Some(2));
}

#[tokio::test]
async fn a_source_that_is_not_there_is_not_made() {
    let folder = folder().await;
    let said = refused(folder.path(), "sqlite://missing/x.db", "sqlite://b.db").await;
    assert!(said.contains("--from: there is no store at sqlite://missing/x.db"), "{said}");
    assert!(!folder.path().join("missing").exists() && !folder.path().join("b.db").exists());

    let cluster = Cluster::start();
    let databases = || cluster.sql("postgres", "SELECT count(*) FROM pg_database");
    let before = databases();
    let said = refused(folder.path(), &cluster.dsn("missing"), "sqlite://b.db").await;
    assert!(said.contains(r#"there is no store in database "missing""#), "{said}");
    assert_eq!(databases(), before);
    let said = refused(folder.path(), &cluster.dsn("postgres"), "sqlite://b.db").await;
    assert!(said.contains(r#"there is no store in database "postgres""#), "{said}");
    assert_eq!(cluster.sql("postgres", "SELECT to_regclass('auroch.head') IS NULL"), "t");
}

#[tokio::test]
async fn a_source_or_a_destination_that_is_in_use_is_refused() {
    let folder = folder().await;
    make(folder.path(), "c.db").await;
    let server = Process::ready(folder.path(), &["--storage", "sqlite://c.db"]).await;
    for (from, to) in [("sqlite://c.db", "sqlite://b.db"), ("sqlite://a.db", "sqlite://c.db")] {
        let said = refused(folder.path(), from, to).await;
        assert!(said.contains("is in use by another process"), "{said}");
    }
    drop(server);
}

#[tokio::test]
async fn a_destination_that_is_another_store_is_left_alone_even_to_start_over() {
    let folder = folder().await;
    make(folder.path(), "c.db").await;
    let args = ["copy", "--from", "sqlite://a.db", "--to", "sqlite://c.db"];
    for args in [&args[..], &[&args[..], &["--start-over"]].concat()] {
        let said = Process::start(folder.path(), args).refused().await;
        assert!(said.contains("sqlite://c.db is not empty, and was left alone"), "{said}");
    }
    let server = Process::ready(folder.path(), &["--storage", "sqlite://c.db"]).await;
    assert_eq!(server.client().await.get("a", None).await.unwrap().kvs()[0].value(), b"c.db");
}

/// What a restore that was cut off leaves behind.
pub(crate) async fn leave_half_a_restore(backend: Arc<dyn storage_core::Backend>) {
    drop(Restore::begin(Arc::clone(&backend), Arc::new(SystemEnvironment::default())).await.unwrap());
    backend.close().await.unwrap();
}

#[tokio::test]
async fn a_part_of_something_else_goes_only_if_that_is_asked_for() {
    let folder = folder().await;
    let postgres = Cluster::shared().new_database();
    for to in ["sqlite://half.db", &postgres] {
        if to == postgres {
            let options = backend_postgres::PostgresOptions::parse(&postgres).unwrap();
            leave_half_a_restore(Arc::new(backend_postgres::PostgresBackend::open(options).await.unwrap())).await;
        } else {
            let options = SqliteOptions::new(folder.path().join("half.db"));
            leave_half_a_restore(Arc::new(SqliteBackend::open(options).await.unwrap())).await;
        }
        let said = refused(folder.path(), "sqlite://a.db", to).await;
        assert!(said.contains("a part of something else") && said.contains("--start-over"), "{said}");
        let args = ["copy", "--from", "sqlite://a.db", "--to", to, "--start-over"];
        let mut process = Process::start(folder.path(), &args);
        assert!(process.ended().await.success(), "{:#?}", process.said);
        assert!(process.has_said("removing what an earlier copy or restore left"));
        let server = Process::ready(folder.path(), &["--storage", to]).await;
        assert_eq!(server.client().await.get("a", None).await.unwrap().kvs()[0].value(), b"a.db");
    }
}

#[tokio::test]
async fn a_source_that_is_itself_half_a_restore_is_refused() {
    let folder = folder().await;
    let options = SqliteOptions::new(folder.path().join("half.db"));
    leave_half_a_restore(Arc::new(SqliteBackend::open(options).await.unwrap())).await;
    let said = refused(folder.path(), "sqlite://half.db", "sqlite://b.db").await;
    assert!(said.contains("was not finished; finish that first"), "{said}");
}

/// What it would remove may be all that there is.
#[tokio::test]
async fn nothing_is_removed_to_start_over_before_the_source_is_known_to_be_a_store() {
    let folder = folder().await;
    for name in ["half.db", "to.db"] {
        let options = SqliteOptions::new(folder.path().join(name));
        leave_half_a_restore(Arc::new(SqliteBackend::open(options).await.unwrap())).await;
    }
    SqliteBackend::open(SqliteOptions::new(folder.path().join("empty.db"))).await.unwrap().close().await.unwrap();
    let left = fs::read(folder.path().join("to.db")).unwrap();
    for (from, why) in [("half.db", "was not finished; finish that first"), ("empty.db", "holds nothing")] {
        let args = ["copy", "--from", &format!("sqlite://{from}"), "--to", "sqlite://to.db", "--start-over"];
        let said = Process::start(folder.path(), &args).refused().await;
        assert!(said.contains(why), "{said}");
        assert!(!said.contains("removing"), "{said}");
        assert_eq!(fs::read(folder.path().join("to.db")).unwrap(), left);
    }
}

#[tokio::test]
async fn no_password_is_shown() {
    let folder = folder().await;
    let to = Cluster::shared().new_database().replace("postgres@", "postgres:hunter2@");
    let there = copy(folder.path(), "sqlite://a.db", &to).await;
    let back = copy(folder.path(), &to, "sqlite://b.db").await;
    assert!(there.has_said("postgres:***@") && back.has_said("postgres:***@"), "{:#?}", there.said);
    assert!(!there.has_said("hunter2") && !back.has_said("hunter2"));
    fs::write(folder.path().join("not-a-database"), "x".repeat(200)).unwrap();
    let said = refused(folder.path(), &to, "sqlite://not-a-database").await;
    assert!(said.contains("--to:") && !said.contains("hunter2"), "{said}");
    let unreachable = "postgres://me:hunter2@127.0.0.1:1/x";
    let said = refused(folder.path(), unreachable, "sqlite://c.db").await;
    assert!(said.contains("cannot reach PostgreSQL") && !said.contains("hunter2"), "{said}");
}
