//! The plain HTTP paths, as a probe asks them.

use etcd_client::{AlarmAction, AlarmType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::{TestServer, soon};

async fn ask(server: &TestServer, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    soon(stream.read_to_string(&mut response)).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    let code = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    (code, body.to_owned())
}

pub(crate) async fn get(server: &TestServer, path: &str) -> (u16, String) {
    ask(server, "GET", path).await
}

#[tokio::test]
async fn health_is_etcds_json() {
    let server = TestServer::start().await;
    assert_eq!(get(&server, "/health").await, (200, r#"{"health":"true","reason":""}"#.to_owned()));
}

#[tokio::test]
async fn an_alarm_makes_unhealthy_unless_excluded() {
    let server = TestServer::start().await;
    server.client().await.alarm(AlarmAction::Activate, AlarmType::Nospace, None).await.unwrap();
    let expected = r#"{"health":"false","reason":"ALARM NOSPACE"}"#.to_owned();
    assert_eq!(get(&server, "/health").await, (503, expected));
    assert_eq!(get(&server, "/health?serializable=true&exclude=NOSPACE").await.0, 200);
}

#[tokio::test]
async fn version_is_the_emulated_one() {
    let server = TestServer::start().await;
    let expected = r#"{"etcdserver":"3.7.3","etcdcluster":"3.7.0","storage":"3.7.0"}"#.to_owned();
    assert_eq!(get(&server, "/version").await, (200, expected));
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let server = TestServer::start().await;
    assert_eq!(ask(&server, "POST", "/health").await.0, 405);
    assert_eq!(get(&server, "/nothing").await.0, 404);
}

#[tokio::test]
async fn a_web_page_cannot_reach_the_services() {
    let server = TestServer::start().await;
    let put = b"\x00\x00\x00\x00\x06\x0a\x01k\x12\x01v";
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/grpc"] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "POST /etcdserverpb.KV/Put HTTP/1.1\r\nHost: test\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            put.len()
        );
        stream.write_all(&[head.as_bytes(), put].concat()).await.unwrap();
        let mut response = String::new();
        soon(stream.read_to_string(&mut response)).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 404"), "{response}");
    }
    assert_eq!(server.store.revision().0, 1, "nothing was written");
}
