//! Files that can be opened, and those that cannot: what is said of them, and that they stay as they are.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use backend_sqlite::{OpenError, SqliteBackend, SqliteOptions};
use conformance::backend_suite::History;
use storage_core::{Backend as _, Durability};

use self::support::{Place, refused};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_file_is_for_its_owner_only() {
    let place = Place::new();
    let path = place.directory.path().join("new/deep/state.db");
    let backend = SqliteBackend::open(SqliteOptions::new(&path)).await.unwrap();
    History::varied().append(&backend).await;
    for name in ["state.db", "state.db-wal", "state.db-shm", "state.db.lock"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn an_empty_file_is_as_good_as_none() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    History::varied().append(&place.open().await).await;
}

#[tokio::test]
async fn a_creation_that_was_cut_short_is_begun_again() {
    let place = Place::new();
    fs::write(place.directory.path().join("state.db.new"), "half of a database").unwrap();
    fs::write(place.directory.path().join("state.db.new-journal"), "and its journal").unwrap();
    History::varied().append(&place.open().await).await;
    assert!(!place.directory.path().join("state.db.new").exists());
}

#[tokio::test]
async fn a_closed_store_is_one_file_and_its_lock() {
    let place = Place::new();
    let backend = place.open().await;
    History::varied().append(&backend).await;
    backend.close().await.unwrap();
    let mut names: Vec<_> = fs::read_dir(place.directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["state.db", "state.db.lock"]);
}

#[tokio::test]
async fn the_file_can_vacuum_in_steps_and_says_whose_it_is() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let file = place.stranger();
    let pragma = |name| file.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(pragma("auto_vacuum"), 2);
    assert_eq!(pragma("application_id"), 0x4175_726f);
    assert_eq!(pragma("user_version"), 1);
}

#[tokio::test]
async fn weaker_durability_shows() {
    let place = Place::new();
    assert_eq!(place.open().await.info().durability, Durability::Fsync);
    let options = SqliteOptions::parse(&format!("sqlite://{}?durability=os-cache", place.file().display())).unwrap();
    assert_eq!(SqliteBackend::open(options).await.unwrap().info().durability, Durability::OsCache);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    place.stranger().pragma_update(None, "user_version", 2).unwrap();
    let before = fs::read(place.file()).unwrap();
    assert!(matches!(place.refused().await, OpenError::NewerSchema { found: 2, known: 1, .. }));
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_alone() {
    let error = refused_database("CREATE TABLE notes (kine TEXT);").await;
    assert!(matches!(error, OpenError::OtherProgram { .. }), "{error}");
}

#[tokio::test]
async fn a_database_of_kines_is_refused_by_name_and_left_alone() {
    let indices = (0..50).map(|n| format!("CREATE INDEX kine_index_number_{n} ON kine (name, id);"));
    for indices in [String::new(), indices.collect()] {
        let schema = format!("CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT); {indices}");
        let error = refused_database(&schema).await;
        assert!(matches!(error, OpenError::Kine { .. }), "{error}");
        assert!(error.to_string().contains("choose another file"), "{error}");
    }
}

/// Why a database that another program made is refused.
async fn refused_database(schema: &str) -> OpenError {
    let place = Place::new();
    let made = format!("PRAGMA journal_mode = WAL; {schema}");
    place.stranger().execute_batch(&made).expect("the schema makes sense");
    let read = || fs::read(place.file()).expect("it is there");
    let before = read();
    let error = place.refused().await;
    assert_eq!(read(), before);
    assert_eq!(place.directory.path().read_dir().expect("it is there").count(), 1);
    error
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    for content in ["x", "This is a diary of some hundred pages, or would be if it went on. ".repeat(9).as_str()] {
        fs::write(place.file(), content).unwrap();
        let error = place.refused().await;
        assert!(matches!(error, OpenError::NotSqlite { .. }), "{error}");
        assert_eq!(fs::read_to_string(place.file()).unwrap(), content);
    }
}

#[tokio::test]
async fn a_database_cut_to_its_header_is_refused_and_left_alone() {
    let place = Place::new();
    let backend = place.open().await;
    History::varied().append(&backend).await;
    backend.close().await.unwrap();
    let whole = fs::read(place.file()).unwrap();
    fs::write(place.file(), &whole[..200]).unwrap();
    let error = place.refused().await;
    assert!(error.to_string().contains("malformed"), "{error}");
    assert_eq!(fs::read(place.file()).unwrap(), whole[..200]);
}

#[tokio::test]
async fn a_damaged_database_is_said_to_be_one() {
    let place = Place::new();
    let backend = place.open().await;
    History::varied().append(&backend).await;
    backend.close().await.unwrap();
    let whole = fs::read(place.file()).unwrap();
    fs::write(place.file(), &whole[..5000]).unwrap();
    let error = place.refused().await;
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
    assert_eq!(fs::read(place.file()).unwrap(), whole[..5000]);
}

#[tokio::test]
async fn a_write_ahead_log_is_not_mixed_into_a_new_database() {
    let place = Place::new();
    let log = place.directory.path().join("state.db-wal");
    let backend = place.open().await;
    History::varied().append(&backend).await;
    let left = fs::read(&log).unwrap();
    backend.close().await.unwrap();
    for without_database in [|file: &Path| fs::remove_file(file), |file: &Path| fs::write(file, "")] {
        without_database(&place.file()).unwrap();
        fs::write(&log, &left).unwrap();
        let error = place.refused().await;
        assert!(matches!(error, OpenError::LogWithoutDatabase { .. }), "{error}");
        assert_eq!(fs::read(&log).unwrap(), left);
        fs::write(place.file(), "").unwrap();
    }
    fs::remove_file(log).unwrap();
    place.open().await;
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_left_alone() {
    let place = Place::new();
    symlink("/nowhere/state.db", place.file()).unwrap();
    let error = place.refused().await;
    assert!(error.to_string().contains("cannot follow the link"), "{error}");
    assert!(place.file().is_symlink());
}

#[tokio::test]
async fn a_schema_that_never_was_is_refused() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    for version in [0, -5] {
        place.stranger().pragma_update(None, "user_version", version).unwrap();
        assert!(matches!(place.refused().await, OpenError::OtherProgram { .. }));
    }
}

#[tokio::test]
async fn a_directory_is_not_a_file() {
    let place = Place::new();
    assert!(matches!(refused(place.directory.path()).await, OpenError::NotAFile { .. }));
}

#[tokio::test]
async fn a_missing_file_is_created_only_if_that_is_asked_for() {
    let place = Place::new();
    for path in [place.file(), place.directory.path().join("missing/state.db")] {
        let options = SqliteOptions::parse(&format!("sqlite://{}?mode=rw", path.display())).unwrap();
        let error = SqliteBackend::open(options).await.expect_err("it is not there");
        assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    }
    assert_eq!(fs::read_dir(place.directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let place = Place::new();
    fs::write(place.file(), "a file where a directory should be").unwrap();
    let line = refused(&place.file().join("state.db")).await.to_string();
    assert!(line.contains("cannot create the directory"), "{line}");
    let line = refused(Path::new("/proc/auroch/state.db")).await.to_string();
    assert!(line.contains("cannot create the directory"), "{line}");
}

#[tokio::test]
async fn a_second_opening_is_refused_whatever_name_it_uses() {
    let place = Place::new();
    let backend = place.open().await;
    let link = place.directory.path().join("link.db");
    symlink(place.file(), &link).unwrap();
    for path in [place.file(), place.directory.path().join("./state.db"), link] {
        let error = refused(&path).await;
        assert!(matches!(error, OpenError::Locked { .. }), "{error}");
        assert!(error.to_string().contains("in use by another process"));
    }
    backend.close().await.unwrap();
    place.open().await;
}

#[tokio::test]
async fn a_dropped_backend_lets_go_of_its_file() {
    let place = Place::new();
    let mut history = History::varied();
    for _ in 0..5 {
        let backend = place.open().await;
        history.put("a", b"1").append(&backend).await;
        drop(backend);
    }
    assert_eq!(place.open().await.end().await.unwrap(), history.position());
}

#[tokio::test]
async fn what_is_removed_is_gone_and_can_be_begun_again_but_not_what_is_in_use() {
    let place = Place::new();
    let options = SqliteOptions::new(place.file());
    backend_sqlite::remove(&options).await.unwrap();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    assert!(matches!(backend_sqlite::remove(&options).await, Err(OpenError::Locked { .. })));
    assert_eq!(backend.end().await.unwrap(), history.position(), "it is as it was");
    backend.close().await.unwrap();
    backend_sqlite::remove(&options).await.unwrap();
    assert!(!place.file().exists());
    assert_eq!(place.open().await.end().await.unwrap().0, 0);
}

#[tokio::test]
async fn what_is_not_ours_is_not_removed() {
    let place = Place::new();
    fs::write(place.file(), "not a database").unwrap();
    backend_sqlite::remove(&SqliteOptions::new(place.file())).await.unwrap_err();
    assert_eq!(fs::read(place.file()).unwrap(), b"not a database");
}
