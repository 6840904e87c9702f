//! Clients that are slow, huge or silent, byte by byte.

use std::time::Duration;

use server::{HttpOptions, ServerOptions};
use storage_core::StoreOptions;

use crate::common::TestServer;
use crate::common::web::{Web, get};

/// Long enough that a test's requests are in time, short enough to be waited for.
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);
const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

async fn server(read_header_timeout: Duration, preface_timeout: Duration) -> TestServer {
    let http = HttpOptions { read_header_timeout, preface_timeout, ..Default::default() };
    TestServer::with(ServerOptions { http, ..Default::default() }, StoreOptions::default()).await
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_cut_off() {
    let server = server(SHORT, LONG).await;
    let mut web = Web::connect(&server).await;
    web.send("GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ").await;
    assert_eq!(web.rest().await, "");
    assert_eq!(get(&server, "/health").await.status, 200);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut_off() {
    let server = server(LONG, SHORT).await;
    assert_eq!(Web::connect(&server).await.rest().await, "");
}

#[tokio::test]
async fn half_a_preface_and_a_preface_without_settings_are_cut_off() {
    let server = server(LONG, SHORT).await;
    for begun in [&PREFACE[..7], PREFACE] {
        let mut web = Web::connect(&server).await;
        web.send(begun).await;
        web.end().await;
    }
}

#[tokio::test]
async fn a_client_that_has_begun_may_be_silent_as_long_as_it_likes() {
    let server = server(LONG, SHORT).await;
    let mut client = server.client().await;
    client.get("k", None).await.unwrap();
    let mut web = Web::connect(&server).await;
    web.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
    web.answer().await;
    // A third client is cut off: its time was that of the other two.
    Web::connect(&server).await.rest().await;
    client.get("k", None).await.unwrap();
    web.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(web.answer().await.status, 200);
}

#[tokio::test]
async fn a_head_of_two_mebibytes_is_refused() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.try_send(format!("GET /health HTTP/1.1\r\nHost: a\r\nX-Huge: {}\r\n\r\n", "x".repeat(2 << 20))).await;
    let rest = web.rest().await;
    // The connection may be reset before the answer is read, since not all was taken.
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 431"), "{rest}");
    assert_eq!(get(&server, "/health").await.status, 200);
}

#[tokio::test]
async fn a_target_of_two_mebibytes_is_refused() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.try_send(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(2 << 20))).await;
    let rest = web.rest().await;
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 4"), "{rest}");
    assert_eq!(get(&server, "/health").await.status, 200);
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = TestServer::start().await;
    for garbage in
        ["garbage\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\nX"]
    {
        let mut web = Web::connect(&server).await;
        web.try_send(garbage).await;
        let rest = web.rest().await;
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 400"), "{garbage:?}: {rest}");
    }
    assert_eq!(get(&server, "/health").await.status, 200);
}
