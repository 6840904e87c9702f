use std::os::unix::fs::PermissionsExt as _;

use etcd_client::GetOptions;
use tempfile::tempdir;
use tokio::process::Command;

use crate::process::Process;

#[tokio::test]
async fn it_says_where_it_listens_where_the_data_is_and_how_durable() {
    let folder = tempdir().unwrap();
    let process = Process::ready(folder.path(), &[]).await;
    for words in ["sqlite://auroch-data/auroch.db", "every write is synced to the disk", "url=http://127.0.0.1:"] {
        assert!(process.has_said(words), "{words}: {:#?}", process.said);
    }
    let data = folder.path().join("auroch-data");
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn data_outlives_an_orderly_end_and_a_kill() {
    let folder = tempdir().unwrap();
    let mut process = Process::ready(folder.path(), &[]).await;
    process.client().await.put("a", "1", None).await.unwrap();
    process.terminate();
    assert!(process.ended().await.success());

    let mut process = Process::ready(folder.path(), &[]).await;
    process.client().await.put("b", "2", None).await.unwrap();
    process.kill();
    assert!(!process.ended().await.success());

    let process = Process::ready(folder.path(), &[]).await;
    let all = process.client().await.get("", Some(GetOptions::new().with_all_keys())).await.unwrap();
    let pairs: Vec<_> = all.kvs().iter().map(|kv| (kv.key(), kv.value(), kv.mod_revision())).collect();
    assert_eq!(pairs, [(&b"a"[..], &b"1"[..], 2), (b"b", b"2", 3)]);
}

#[tokio::test]
async fn it_ends_soon_though_a_watch_is_open() {
    let folder = tempdir().unwrap();
    let mut process = Process::ready(folder.path(), &["--storage=memory://"]).await;
    let mut client = process.client().await;
    let mut watch = client.watch("k", None).await.unwrap();
    assert!(watch.message().await.unwrap().unwrap().created());
    process.terminate();
    assert!(process.ended().await.success());
    assert!(process.has_said("auroch has stopped"));
    assert!(!process.has_said("cut off"), "{:#?}", process.said);
}

#[tokio::test]
async fn a_weaker_durability_shows_in_the_log_and_in_status() {
    let folder = tempdir().unwrap();
    let process = Process::ready(folder.path(), &["--unsafe-no-fsync"]).await;
    assert!(process.has_said("durability: WEAKENED"), "{:#?}", process.said);
    let status = process.client().await.status().await.unwrap();
    assert_eq!(status.errors(), ["writes are answered before they are synced to the disk"]);
}

#[tokio::test]
async fn logs_are_json_if_asked_and_never_hold_keys_or_values() {
    let folder = tempdir().unwrap();
    let args = ["--storage=memory://", "--log-format=json", "--log-level=trace"];
    let mut process =
        Process::start(folder.path(), &[&["--listen-client-urls=http://127.0.0.1:0"][..], &args].concat());
    process.until("ready to serve client requests").await;
    let serving = process.said.iter().find(|line| line.contains("\"url\"")).unwrap();
    let line: serde_json::Value = serde_json::from_str(serving).unwrap();
    let url = line["url"].as_str().unwrap().replace("http://", "");

    let mut client = etcd_client::Client::connect([url], None).await.unwrap();
    client.put("secretkey", "secretvalue", None).await.unwrap();
    client.get("secretkey", None).await.unwrap();
    let txn = etcd_client::Txn::new().and_then([etcd_client::TxnOp::put("secretkey", "secretvalue", None)]);
    client.txn(txn).await.unwrap();
    process.terminate();
    process.ended().await;
    assert!(!process.has_said("secret"), "{:#?}", process.said);
}

#[tokio::test]
async fn flags_of_a_cluster_are_warned_of() {
    let folder = tempdir().unwrap();
    let process = Process::ready(folder.path(), &["--storage=memory://", "--initial-cluster-state=new"]).await;
    assert!(process.has_said("--initial-cluster-state has no effect"));
}

#[tokio::test]
async fn the_environment_is_read() {
    let folder = tempdir().unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_auroch"))
        .args(["--listen-client-urls=http://127.0.0.1:0"])
        .current_dir(folder.path())
        .env("AUROCH_STORAGE", "nonsense://")
        .output()
        .await
        .unwrap();
    assert_eq!(help.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&help.stderr).contains("nonsense://"));
}

#[tokio::test]
async fn version_and_help_are_said_without_touching_anything() {
    let folder = tempdir().unwrap();
    for (flag, words) in [
        ("--version", env!("CARGO_PKG_VERSION")),
        ("--help", "--listen-client-urls"),
        ("--help", "\n  restore"),
        ("--help", "\n  copy"),
        ("--help", "\n  completions"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auroch"));
        let output = command.arg(flag).current_dir(folder.path()).output().await.unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(words));
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_signal_that_comes_twice_at_once_is_one() {
    let folder = tempdir().unwrap();
    let mut process = Process::ready(folder.path(), &[]).await;
    // Something to wait for, so that the second one finds the program still stopping.
    let _connection = tokio::net::TcpStream::connect(process.address()).await.unwrap();
    process.terminate();
    process.until("stopping").await;
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0), "{:#?}", process.said);
    assert!(process.has_said("auroch has stopped"));
}
