//! The flags about HTTP, and what they do to listeners.

use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::soon;
use crate::process::Process;

/// Where it says that it serves what `words` name.
pub(crate) fn address(process: &Process, words: &str) -> String {
    let line = process.said.iter().find(|line| line.contains(words)).expect("it has said where");
    line.split_once("url=http://").expect("a URL").1.to_owned()
}

pub(crate) async fn ask(address: &str, request: &str) -> String {
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    stream.write_all(format!("{request}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

pub(crate) async fn status(address: &str, path: &str) -> String {
    let answer = ask(address, &format!("GET {path} HTTP/1.1\r\nHost: a")).await;
    answer.split(' ').nth(1).expect("a status").to_owned()
}

#[tokio::test]
async fn http_and_metrics_have_listeners_of_their_own() {
    let folder = tempdir().unwrap();
    let args = [
        "--storage=memory://",
        "--listen-client-http-urls=http://127.0.0.1:0",
        "--listen-metrics-urls=http://127.0.0.1:0",
    ];
    let process = Process::ready(folder.path(), &args).await;
    let (http, metrics) = (address(&process, "traffic=\"http\""), address(&process, "serving metrics"));
    assert_eq!(status(&http, "/version").await, "200");
    assert_eq!(status(&metrics, "/health").await, "200");
    assert_eq!(status(&metrics, "/version").await, "404");
    let grpc = address(&process, "traffic=\"grpc\"");
    let mut client = etcd_client::Client::connect([&grpc], None).await.unwrap();
    client.put("k", "v", None).await.unwrap();
    let members = client.member_list().await.unwrap();
    assert_eq!(members.members()[0].client_urls(), [format!("http://{grpc}")]);
}

#[tokio::test]
async fn hosts_origins_and_the_gateway_are_flags() {
    let folder = tempdir().unwrap();
    let args =
        ["--storage=memory://", "--host-whitelist=a,b", "--cors=https://a.example", "--enable-grpc-gateway=false"];
    let process = Process::ready(folder.path(), &args).await;
    let answer = ask(&process.address(), "GET /health HTTP/1.1\r\nHost: b\r\nOrigin: https://a.example").await;
    assert!(answer.contains("Access-Control-Allow-Origin: https://a.example\r\n"), "{answer}");
    let answer = ask(&process.address(), "GET /health HTTP/1.1\r\nHost: c").await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    assert_eq!(status(&process.address(), "/v3/kv/range").await, "404");
}

#[tokio::test]
async fn one_url_is_not_for_both_kinds_of_traffic() {
    let folder = tempdir().unwrap();
    let urls = ["--listen-client-urls=http://127.0.0.1:1", "--listen-client-http-urls=http://127.0.0.1:1"];
    let mut process = Process::start(folder.path(), &urls);
    assert!(!process.ended().await.success());
    assert!(process.has_said("on the same url http://127.0.0.1:1"), "{:#?}", process.said);
}
