//! Starts that must fail: one line that says what to do, and nothing touched.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::process::Process;

const ANY_PORT: &str = "--listen-client-urls=http://127.0.0.1:0";

/// The names in a folder.
fn files(folder: &Path) -> Vec<String> {
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test]
async fn a_port_in_use_is_said_and_no_data_is_made() {
    let folder = tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", taken.local_addr().unwrap());
    let words = Process::start(folder.path(), &["--listen-client-urls", &url]).refused().await;
    assert!(words.contains(&format!("{url} is in use")), "{words}");
    assert_eq!(files(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_dsn_that_makes_no_sense_is_said() {
    let folder = tempdir().unwrap();
    for dsn in ["nonsense", "nonsense://x", "sqlite://", "sqlite:///tmp/x.db?nonsense=1", "memory://x"] {
        let words = Process::start(folder.path(), &[ANY_PORT, "--storage", dsn]).refused().await;
        assert!(words.len() > "auroch: ".len() + 20, "{words}");
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused_and_the_first_goes_on() {
    let folder = tempdir().unwrap();
    let first = Process::ready(folder.path(), &[]).await;
    let words = Process::start(folder.path(), &[ANY_PORT]).refused().await;
    assert!(words.contains("in use by another process"), "{words}");
    first.client().await.put("k", "v", None).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "these are notes, and quite long ones, too long for a header. ".repeat(100);
    fs::write(&file, &text).unwrap();
    let dsn = format!("sqlite://{}", file.display());
    let words = Process::start(folder.path(), &[ANY_PORT, "--storage", &dsn]).refused().await;
    assert!(words.contains("notes.txt"), "{words}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_said() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let words = Process::start(folder.path(), &[ANY_PORT, "--data-dir=file/data"]).refused().await;
    assert!(words.contains("--data-dir"), "{words}");
}

#[tokio::test]
async fn a_flag_that_makes_no_sense_ends_with_usage() {
    let folder = tempdir().unwrap();
    let mut process = Process::start(folder.path(), &["--listen-client-urls=nowhere"]);
    assert_eq!(process.ended().await.code(), Some(2));
    assert!(process.has_said("is no place to listen on"), "{:#?}", process.said);
}

#[tokio::test]
async fn an_etcds_data_is_left_alone() {
    let folder = tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data/member/snap")).unwrap();
    let words = Process::start(folder.path(), &[ANY_PORT, "--data-dir=data"]).refused().await;
    assert!(words.contains("holds the data of an etcd") && words.contains("--data-dir"), "{words}");
    assert_eq!(files(&folder.path().join("data")), ["member"]);
}
