//! `auroch restore` as an operator runs it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backend_sqlite::{SqliteBackend, SqliteOptions};
use storage_core::{Backend as _, Restore, SystemEnvironment};
use tempfile::tempdir;
use tokio::io::AsyncWriteExt as _;

use crate::common::soon;
use crate::process::Process;

/// Makes the snapshot `folder/snapshot.db` of a server with 500 keys.
pub(crate) async fn save(folder: &Path) {
    let mut server = Process::ready(folder, &["--data-dir", "original"]).await;
    let mut client = server.client().await;
    for n in 0..500 {
        client.put(format!("k{n}"), format!("v{n}"), None).await.unwrap();
    }
    let mut parts = client.snapshot().await.unwrap();
    let mut file = tokio::fs::File::create(folder.join("snapshot.db")).await.unwrap();
    while let Some(part) = soon(parts.message()).await.unwrap() {
        file.write_all(part.blob()).await.unwrap();
    }
    file.flush().await.unwrap();
    server.terminate();
    assert!(server.ended().await.success());
}

pub(crate) async fn restore(folder: &Path, args: &[&str]) -> Process {
    let mut process = Process::start(folder, &[&["restore", "snapshot.db"], args].concat());
    assert!(process.ended().await.success(), "{:#?}", process.said);
    process
}

#[tokio::test]
async fn a_snapshot_is_restored_into_a_data_directory_and_served() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let restored = restore(folder.path(), &["--data-dir", "new"]).await;
    assert!(restored.has_said("500 keys at revision 501"), "{:#?}", restored.said);
    let server = Process::ready(folder.path(), &["--data-dir", "new"]).await;
    let answer = server.client().await.get("k77", None).await.unwrap();
    assert_eq!((answer.header().unwrap().revision(), answer.kvs()[0].value()), (501, &b"v77"[..]));
    assert_eq!(answer.kvs()[0].mod_revision(), 79);
}

#[tokio::test]
async fn a_place_that_is_not_empty_is_left_alone() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let before = fs::read(folder.path().join("original/auroch.db")).unwrap();
    let refused = Process::start(folder.path(), &["restore", "snapshot.db", "--data-dir", "original"]).refused().await;
    assert!(refused.contains("is not empty"), "{refused}");
    assert_eq!(fs::read(folder.path().join("original/auroch.db")).unwrap().len(), before.len());
    let server = Process::ready(folder.path(), &["--data-dir", "original"]).await;
    assert_eq!(server.client().await.get("k1", None).await.unwrap().kvs().len(), 1);
}

#[tokio::test]
async fn no_server_starts_on_half_a_restore_and_a_repeated_one_starts_over() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    // What a restore that was cut off leaves behind.
    let path = folder.path().join("new/auroch.db");
    let backend = Arc::new(SqliteBackend::open(SqliteOptions::new(&path)).await.unwrap());
    drop(Restore::begin(backend.clone(), Arc::new(SystemEnvironment::default())).await.unwrap());
    backend.close().await.unwrap();
    drop(backend);
    let any_port = "--listen-client-urls=http://127.0.0.1:0";
    let refused = Process::start(folder.path(), &[any_port, "--data-dir", "new"]).refused().await;
    assert!(refused.contains("a restore or a copy that was not finished"), "{refused}");
    let restored = restore(folder.path(), &["--data-dir", "new"]).await;
    assert!(restored.has_said("starting over"), "{:#?}", restored.said);
    let server = Process::ready(folder.path(), &["--data-dir", "new"]).await;
    assert_eq!(server.client().await.get("k499", None).await.unwrap().kvs().len(), 1);
}

#[tokio::test]
async fn an_altered_snapshot_is_refused_and_no_data_is_made() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let path = folder.path().join("snapshot.db");
    let mut altered = fs::read(&path).unwrap();
    altered[9000] ^= 1;
    fs::write(&path, altered).unwrap();
    let refused = Process::start(folder.path(), &["restore", "snapshot.db", "--data-dir", "new"]).refused().await;
    assert!(refused.contains("the snapshot is damaged"), "{refused}");
    assert!(!folder.path().join("new").exists());
}

#[tokio::test]
async fn where_to_must_be_said_and_memory_is_nowhere() {
    let folder = tempdir().unwrap();
    let mut process = Process::start(folder.path(), &["restore", "snapshot.db"]);
    assert_eq!(process.ended().await.code(), Some(2));
    save(folder.path()).await;
    let memory = ["restore", "snapshot.db", "--storage", "memory://"];
    assert!(Process::start(folder.path(), &memory).refused().await.contains("gone with this program"));
    restore(folder.path(), &["--storage", "sqlite://there.db"]).await;
}

#[tokio::test]
async fn a_revision_is_raised_only_together_with_its_compaction() {
    let folder = tempdir().unwrap();
    save(folder.path()).await;
    let alone = ["restore", "snapshot.db", "--data-dir", "new", "--bump-revision", "1000"];
    assert_eq!(Process::start(folder.path(), &alone).ended().await.code(), Some(2));
    let both = ["--data-dir", "new", "--bump-revision", "1000", "--mark-compacted"];
    assert!(restore(folder.path(), &both).await.has_said("revision 1501, compacted at 1501"));
}
