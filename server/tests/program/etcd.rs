//! The program in the place of etcd.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::tempdir;
use tokio::process::Command;

use crate::common::certs::{CLIENT, Certs, SERVER};
use crate::common::tls::is_served_at;
use crate::process::{PROGRAM, Process};

fn etcd(folder: &Path) -> Command {
    let link = folder.join("etcd");
    symlink(PROGRAM, &link).unwrap();
    Command::new(link)
}

#[tokio::test]
async fn it_says_its_version_as_etcd_does() {
    let folder = tempdir().unwrap();
    let output = etcd(folder.path()).arg("--version").output().await.unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().next(), Some("etcd Version: 3.7.3"));
}

#[tokio::test]
async fn a_file_configures_it_alone() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("etcd.conf.yml");
    fs::write(&file, "name: node\nlisten-client-urls: http://127.0.0.1:0\nsnapshot-count: 10000\n").unwrap();
    let args = ["--config-file=etcd.conf.yml", "--data-dir=other", "--log-level=error"];
    let mut process = Process::start_as(etcd(folder.path()), folder.path(), &args);
    process.until("ready to serve client requests").await;
    for words in ["--snapshot-count has no effect", "sqlite://node.etcd/auroch.db"] {
        assert!(process.has_said(words), "{words}: {:#?}", process.said);
    }
    assert!(process.said.iter().all(|line| line.starts_with('{')), "{:#?}", process.said);
    assert!(!folder.path().join("other").exists());
}

#[tokio::test]
async fn kubeadms_arguments_serve_those_who_have_a_certificate() {
    let certs = Certs::new();
    certs.write_pair(&certs.authority.issue(SERVER));
    certs.write("ca.pem", certs.authority.pem());
    let args = [
        "--advertise-client-urls=https://127.0.0.1:2379",
        "--cert-file=cert.pem",
        "--client-cert-auth=true",
        "--data-dir=data",
        "--feature-gates=InitialCorruptCheck=true",
        "--initial-advertise-peer-urls=https://127.0.0.1:2380",
        "--initial-cluster=node=https://127.0.0.1:2380",
        "--key-file=key.pem",
        "--listen-client-urls=https://127.0.0.1:0,https://127.0.0.1:0",
        "--listen-metrics-urls=http://127.0.0.1:0",
        "--listen-peer-urls=https://127.0.0.1:2380",
        "--name=node",
        "--peer-cert-file=peer.crt",
        "--peer-client-cert-auth=true",
        "--peer-key-file=peer.key",
        "--peer-trusted-ca-file=ca.pem",
        "--snapshot-count=10000",
        "--trusted-ca-file=ca.pem",
        "--watch-progress-notify-interval=5s",
        // For the test, which reads it.
        "--log-format=console",
    ];
    let mut process = Process::start_as(etcd(certs.folder()), certs.folder(), &args);
    process.until("ready to serve client requests").await;
    assert!(is_served_at(&process.url(), &certs.authority.client(Some(&certs.authority.issue(CLIENT)))).await);
    assert!(!is_served_at(&process.url(), &certs.authority.client(None)).await);
    assert!(process.has_said("serving metrics"));
}
