//! Streams in JSON: a line for each message.

use etcd_client::Client;
use serde_json::Value;

use crate::common::TestServer;
use crate::common::web::{Web, ask, post};

/// Begins a stream whose body is sent in parts.
async fn open(server: &TestServer, path: &str) -> Web {
    let mut web = Web::connect(server).await;
    web.send(format!("POST {path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
    web
}

async fn send(web: &mut Web, json: &str) {
    web.send(format!("{:x}\r\n{json}\r\n", json.len())).await;
}

async fn line(web: &mut Web) -> Value {
    let line = web.chunk().await.expect("a line");
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line}");
    serde_json::from_str(&line).expect("JSON")
}

async fn put(server: &TestServer, key: &str) {
    let mut client: Client = server.client().await;
    client.put(key, "v", None).await.unwrap();
}

#[tokio::test]
async fn a_watch_goes_on_after_the_last_word_of_its_client() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.request("POST", "/v3/watch", "", r#"{"create_request":{"key":"Zm9v"}}"#).await;
    let head = web.head().await;
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("Content-Type: application/json\r\n"), "{head}");
    assert!(head.contains("Transfer-Encoding: chunked\r\n"), "{head}");
    assert_eq!(line(&mut web).await["result"]["created"], true);
    for revision in ["2", "3"] {
        put(&server, "foo").await;
        let event = line(&mut web).await;
        assert_eq!(event["result"]["events"][0]["kv"]["mod_revision"], revision);
        assert!(event["result"]["events"][0].get("type").is_none(), "a put is the default");
    }
}

#[tokio::test]
async fn requests_of_a_watch_are_taken_as_they_come() {
    let server = TestServer::start().await;
    let mut web = open(&server, "/v3/watch").await;
    send(&mut web, r#"{"create_request":{"key":"Yg==","watch_id":"7"}}{"create_re"#).await;
    web.head().await;
    assert_eq!(line(&mut web).await["result"]["watch_id"], "7");
    send(&mut web, "quest\":{\"key\":\"Yw==\",\"watch_id\":\"8\"}}\n").await;
    assert_eq!(line(&mut web).await["result"]["watch_id"], "8");
    put(&server, "c").await;
    assert_eq!(line(&mut web).await["result"]["watch_id"], "8");
    send(&mut web, r#"{"cancel_request":{"watch_id":"7"}}"#).await;
    assert_eq!(line(&mut web).await["result"]["canceled"], true);
}

#[tokio::test]
async fn json_that_is_broken_ends_a_watch_with_an_error() {
    let server = TestServer::start().await;
    let mut web = open(&server, "/v3/watch").await;
    send(&mut web, r#"{"create_request":{"key":"Yg=="}}"#).await;
    web.head().await;
    line(&mut web).await;
    send(&mut web, "{nonsense}").await;
    let error = &line(&mut web).await["error"];
    assert_eq!(error["code"], 3);
    assert!(error["message"].as_str().unwrap().starts_with("Failed to decode request: "), "{error}");
    assert_eq!(web.chunk().await, None);
}

#[tokio::test]
async fn json_that_is_broken_from_the_start_is_a_bad_request() {
    let server = TestServer::start().await;
    for path in ["/v3/watch", "/v3/lease/keepalive"] {
        let answer = post(&server, path, r#"{"create_request":{"key"#).await;
        let expected = "{\"error\":{\"code\":3,\"message\":\"Failed to decode request: unexpected EOF\"}}\n";
        assert_eq!((answer.status, answer.body.as_str()), (400, expected), "{path}");
    }
}

#[tokio::test]
async fn a_request_without_end_is_not_kept_in_memory() {
    let server = TestServer::start().await;
    let mut web = open(&server, "/v3/watch").await;
    send(&mut web, r#"{"create_request":{"key":""#).await;
    let part = "A".repeat(1 << 20);
    for _ in 0..8 {
        web.try_send(format!("{:x}\r\n{part}\r\n", part.len())).await;
    }
    let answer = web.answer().await;
    assert_eq!(answer.status, 429, "{answer:?}");
}

#[tokio::test]
async fn renewals_are_answered_in_their_order_and_end_with_the_requests() {
    let server = TestServer::start().await;
    post(&server, "/v3/lease/grant", r#"{"TTL":"60","ID":"5"}"#).await;
    let mut web = Web::connect(&server).await;
    web.request("POST", "/v3/lease/keepalive", "", "{\"ID\":\"5\"}\n{\"ID\":\"6\"}").await;
    web.head().await;
    assert_eq!(line(&mut web).await["result"]["TTL"], "60");
    let unknown = line(&mut web).await;
    assert_eq!(unknown["result"]["ID"], "6");
    assert!(unknown["result"].get("TTL").is_none(), "0 is the default");
    assert_eq!(web.chunk().await, None);
    assert_eq!(post(&server, "/v3/lease/keepalive", "").await.status, 200, "no request, no answer");
}

#[tokio::test]
async fn a_shutdown_ends_a_watch_with_an_error() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.request("POST", "/v3/watch", "", r#"{"create_request":{"key":"Zm9v"}}"#).await;
    web.head().await;
    line(&mut web).await;
    server.stop();
    let expected = "{\"error\":{\"code\":14,\"message\":\"etcdserver: server stopped\"}}\n";
    assert_eq!(web.chunk().await.as_deref(), Some(expected));
    assert_eq!(web.chunk().await, None);
    server.stopped().await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_watch_along() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.request("POST", "/v3/watch", "", r#"{"create_request":{"key":"Zm9v"}}"#).await;
    web.head().await;
    line(&mut web).await;
    assert_eq!(server.store.status().watch.watchers, 1);
    drop(web);
    while server.store.status().watch.watchers > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stream_may_be_given_a_limit_of_time() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.request("POST", "/v3/watch", "Grpc-Timeout: 300m\r\n", r#"{"create_request":{"key":"Zm9v"}}"#).await;
    web.head().await;
    assert_eq!(line(&mut web).await["result"]["created"], true);
    assert_eq!(line(&mut web).await["error"]["code"], 4);
    assert_eq!(web.chunk().await, None);
}

#[tokio::test]
async fn a_stream_that_is_not_offered_says_so() {
    let server = TestServer::start().await;
    let answer = ask(&server, "GET", "/v3/watch", "", "").await;
    assert_eq!(answer.status, 501);
}
