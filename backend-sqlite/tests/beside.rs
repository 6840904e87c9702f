//! Other programs on the same file, while it is in use.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use backend_sqlite::{SqliteBackend, SqliteOptions};
use conformance::backend_suite::History;
use storage_core::backend::BackendError;
use storage_core::{Backend as _, Position};

use self::support::Place;

/// What `k0s backup` does.
#[tokio::test]
async fn another_program_can_copy_the_file_with_vacuum_into() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    let copy = Place::new();
    place.stranger().execute("VACUUM INTO ?1", [copy.file().to_str().unwrap()]).unwrap();
    history.put("later", b"1").append(&backend).await;
    assert_eq!(copy.open().await.end().await.unwrap(), Position(history.position().0 - 1));
}

#[tokio::test]
async fn another_program_can_read_while_appends_go_on() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::default();
    history.put("a", b"1").append(&backend).await;
    let stranger = place.stranger();
    stranger.execute_batch("BEGIN").unwrap();
    let count = || stranger.query_row("SELECT count(*) FROM commits", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 1);
    history.put("a", b"2").append(&backend).await;
    assert_eq!(count(), 1, "its own snapshot");
    stranger.execute_batch("COMMIT").unwrap();
    assert_eq!(count(), 2);
}

#[tokio::test]
async fn a_program_that_holds_the_write_lock_refuses_appends_until_it_lets_go() {
    let place = Place::new();
    let mut options = SqliteOptions::new(place.file());
    options.busy_timeout = Duration::from_millis(20);
    let backend = SqliteBackend::open(options).await.unwrap();
    let mut history = History::default();
    history.put("a", b"1").append(&backend).await;
    let stranger = place.stranger();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let group = history.clone().put("a", b"2").group();
    let error = backend.append(history.position(), group).await.expect_err("it is locked");
    assert!(matches!(error, BackendError::Determinate(_)), "{error}");
    assert!(error.to_string().contains("another program has locked"), "{error}");
    stranger.execute_batch("ROLLBACK").unwrap();
    history.put("a", b"2").append(&backend).await;
}

#[tokio::test]
async fn our_own_backup_is_a_store_of_its_own() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    let copy = Place::new();
    backend.backup(&copy.file()).await.unwrap();
    assert_eq!(copy.file().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let restored = copy.open().await;
    assert_eq!(restored.bounds().await.unwrap(), backend.bounds().await.unwrap());
    history.put("b", b"only in the copy").append(&restored).await;
}

#[tokio::test]
async fn a_backup_never_overwrites() {
    let place = Place::new();
    let backend = place.open().await;
    let target = place.directory.path().join("kept");
    std::fs::write(&target, "precious").unwrap();
    let error = backend.backup(&target).await.expect_err("it exists");
    assert!(matches!(error, BackendError::Determinate(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
}

/// The copy of a restore is in place, the write-ahead log of what was there before still beside it.
#[tokio::test]
async fn a_restored_copy_is_not_mixed_with_the_log_of_what_it_replaces() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    let copy = place.directory.path().join("copy.db");
    backend.backup(&copy).await.unwrap();
    let end = history.position();
    history.put("after", b"the backup").append(&backend).await;
    // As a kill leaves it.
    let wal = std::fs::read(place.directory.path().join("state.db-wal")).unwrap();
    backend.close().await.unwrap();
    std::fs::copy(&copy, place.file()).unwrap();
    std::fs::write(place.directory.path().join("state.db-wal"), wal).unwrap();
    assert_eq!(place.open().await.end().await.unwrap(), end);
}
