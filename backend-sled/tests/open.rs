//! Directories that can be opened, and those that cannot: what is said of them, and that they stay as they are.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use backend_sled::{OpenError, SledBackend, SledOptions};
use conformance::backend_suite::History;
use storage_core::Backend as _;
use storage_core::backend::{ScanFrom, ScanLimits};

use self::support::{Place, refused};

const ALL: ScanLimits = ScanLimits { commits: usize::MAX, bytes: usize::MAX };
const START: ScanFrom = ScanFrom::After(storage_core::Position(0));

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_directory_is_for_its_owner_only() {
    let place = Place::new();
    let path = place.directory.path().join("new/deep/store");
    let backend = SledBackend::open(SledOptions::new(&path)).await.unwrap();
    History::varied().append(&backend).await;
    for directory in ["", "..", "data"] {
        assert_eq!(mode(&path.join(directory)), 0o700, "{directory}");
    }
    assert_eq!(mode(&path.join("lock")), 0o600);
}

/// Others may look into the directory of such a store, but not at what sled has in it.
#[tokio::test]
async fn in_a_directory_that_is_there_the_data_is_for_its_owner_only() {
    let place = Place::new();
    fs::create_dir(place.file()).unwrap();
    fs::set_permissions(place.file(), fs::Permissions::from_mode(0o755)).unwrap();
    place.open().await;
    assert_eq!(mode(&place.file().join("data")), 0o700);
}

#[tokio::test]
async fn a_creation_that_was_cut_short_is_begun_again() {
    let place = Place::new();
    fs::create_dir_all(place.file().join("data.new")).unwrap();
    fs::write(place.file().join("data.new/db"), "half of a store").unwrap();
    fs::write(place.file().join("lock"), "").unwrap();
    History::varied().append(&place.open().await).await;
    assert!(!place.file().join("data.new").exists());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    place.open().await.close().await.unwrap();
    let format = place.file().join("data/format");
    fs::write(&format, "auroch sled schema 2\n").unwrap();
    assert!(matches!(place.refused().await, OpenError::NewerSchema { found: 2, known: 1, .. }));
    assert_eq!(fs::read_to_string(format).unwrap(), "auroch sled schema 2\n");
}

#[tokio::test]
async fn a_directory_of_another_program_is_refused_and_left_alone() {
    for name in ["notes.txt", "data/notes.txt", "data", "db"] {
        let place = Place::new();
        let file = place.file().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "mine").unwrap();
        let error = place.refused().await;
        assert!(matches!(error, OpenError::Foreign { .. }), "{name}: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert!(!place.file().join("lock").exists());
    }
}

#[tokio::test]
async fn a_file_is_not_a_directory() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    assert!(matches!(place.refused().await, OpenError::NotADirectory { .. }));
}

#[tokio::test]
async fn a_missing_directory_is_created_only_if_that_is_asked_for() {
    let place = Place::new();
    let options = SledOptions::parse(&format!("sled://{}?mode=rw", place.file().display())).unwrap();
    let error = SledBackend::open(options).await.expect_err("it is not there");
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(!place.file().exists());
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_left_alone() {
    let place = Place::new();
    symlink("/nowhere/store", place.file()).unwrap();
    let error = place.refused().await;
    assert!(error.to_string().contains("cannot follow the link"), "{error}");
}

#[tokio::test]
async fn a_second_opening_is_refused_whatever_name_it_uses() {
    let place = Place::new();
    let backend = place.open().await;
    let link = place.directory.path().join("link");
    symlink(place.file(), &link).unwrap();
    for path in [place.file(), place.directory.path().join("./store"), link] {
        let error = refused(&path).await;
        assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    }
    backend.close().await.unwrap();
    place.open().await;
}

#[tokio::test]
async fn a_dropped_backend_lets_go_of_its_directory() {
    let place = Place::new();
    let mut history = History::varied();
    for _ in 0..5 {
        let backend = place.open().await;
        history.put("a", b"1").append(&backend).await;
        drop(backend);
    }
    assert_eq!(place.open().await.end().await.unwrap(), history.position());
}

/// What a power failure may leave of a log: its end cut off, or not written as it should have been.
#[tokio::test]
async fn a_torn_end_of_the_log_costs_the_last_commits_at_most_and_tears_none() {
    for damage in [
        (|log: &mut Vec<u8>, at: usize| log.truncate(at)) as fn(&mut Vec<u8>, usize),
        |log, at| log[at..].fill(0),
        |log, at| log[at] ^= 0x10,
    ] {
        for back in [1, 40, 700, 5000] {
            let place = Place::new();
            let mut history = History::default();
            let backend = place.open().await;
            for i in 0..60u8 {
                history.put("a", &[i; 900]).append(&backend).await;
            }
            drop(backend);
            let file = place.file().join("data/db");
            let mut log = fs::read(&file).unwrap();
            let end = log.iter().rposition(|byte| *byte != 0).unwrap();
            damage(&mut log, end - back);
            fs::write(&file, log).unwrap();
            let left = place.open().await.scan(START, ALL).await.unwrap();
            assert_eq!(left[..], history.commits[..left.len()], "{back}");
            assert!(left.len() >= 59 - back / 900, "{back}: {} left", left.len());
        }
    }
}

/// sled writes one at each start.
#[tokio::test]
async fn a_snapshot_of_the_page_table_that_a_crash_cut_short_costs_nothing() {
    let place = Place::new();
    let mut history = History::varied();
    let backend = place.open().await;
    history.append(&backend).await;
    drop(backend);
    let data = place.file().join("data");
    let is_snapshot = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.");
    drop(place.open().await);
    let whole = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).find(|path| is_snapshot(path)).unwrap();
    let whole = fs::read(whole).unwrap();
    for written in [0, whole.len() / 2, whole.len() - 4] {
        fs::write(data.join("snap.00000000FFFFFFFF.generating"), &whole[..written]).unwrap();
        let backend = place.open().await;
        assert_eq!(backend.scan(START, ALL).await.unwrap(), history.commits);
        history.put("a", b"1").append(&backend).await;
    }
}

#[tokio::test]
async fn a_backup_during_appends_is_a_store_that_opens() {
    let place = Place::new();
    let backend = place.open().await;
    let mut history = History::varied();
    history.append(&backend).await;
    let copy = place.directory.path().join("copy");
    let before = history.position();
    let (backup, ()) = tokio::join!(backend.backup(&copy), async {
        for _ in 0..20 {
            history.put("a", b"1").control("x", Some("1")).append(&backend).await;
        }
    });
    backup.unwrap();
    assert!(backend.backup(&copy).await.is_err(), "it exists");
    let copied = SledBackend::open(SledOptions::new(&copy)).await.unwrap();
    let found = copied.scan(START, ALL).await.unwrap();
    assert!(found.len() as u64 >= before.0);
    assert_eq!(found[..], history.commits[..found.len()]);
}

#[tokio::test]
async fn what_is_removed_is_gone_and_can_be_begun_again() {
    let place = Place::new();
    let options = SledOptions::new(place.file());
    backend_sled::remove(&options).unwrap();
    let backend = place.open().await;
    History::varied().append(&backend).await;
    assert!(matches!(backend_sled::remove(&options), Err(OpenError::Locked { .. })));
    backend.close().await.unwrap();
    backend_sled::remove(&options).unwrap();
    assert_eq!(place.open().await.end().await.unwrap().0, 0);
}
