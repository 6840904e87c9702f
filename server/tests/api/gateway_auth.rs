//! Tokens in calls in JSON.

use serde_json::json;

use crate::common::TestServer;
use crate::common::web::{Answer, ask, post};

/// A server on which authentication is on, and root's token.
async fn start() -> (TestServer, String) {
    let server = TestServer::start().await;
    for (path, json) in [
        ("user/add", r#"{"name":"root","password":"secret"}"#),
        ("user/add", r#"{"name":"nobody","password":"secret"}"#),
        ("user/grant", r#"{"user":"root","role":"root"}"#),
        ("enable", "{}"),
    ] {
        assert_eq!(post(&server, &format!("/v3/auth/{path}"), json).await.status, 200, "{path}");
    }
    let token = token(&server, "root").await;
    (server, token)
}

async fn token(server: &TestServer, name: &str) -> String {
    let request = json!({"name": name, "password": "secret"}).to_string();
    let answer = post(server, "/v3/auth/authenticate", &request).await;
    answer.json()["token"].as_str().expect("a token").to_owned()
}

async fn put(server: &TestServer, header: &str) -> Answer {
    ask(server, "POST", "/v3/kv/put", header, r#"{"key":"Zm9v"}"#).await
}

#[tokio::test]
async fn a_token_makes_the_caller_its_user() {
    let (server, root) = start().await;
    for header in [format!("Authorization: {root}\r\n"), format!("Grpc-Metadata-Token: {root}\r\n")] {
        assert_eq!(put(&server, &header).await.status, 200, "{header}");
    }
    let nobody = token(&server, "nobody").await;
    let refused = put(&server, &format!("Authorization: {nobody}\r\n")).await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (403, r#"{"code":7,"message":"etcdserver: permission denied"}"#)
    );
}

#[tokio::test]
async fn no_token_and_a_wrong_one_are_refused_as_in_etcd() {
    let (server, _) = start().await;
    let none = put(&server, "").await;
    assert_eq!((none.status, none.body.as_str()), (400, r#"{"code":3,"message":"etcdserver: user name is empty"}"#));
    let wrong = put(&server, "Authorization: wrong.1\r\n").await;
    let expected = r#"{"code":16,"message":"etcdserver: invalid auth token"}"#;
    assert_eq!((wrong.status, wrong.body.as_str()), (401, expected));
    assert_eq!(wrong.header("WWW-Authenticate"), Some("etcdserver: invalid auth token"));
}

#[tokio::test]
async fn a_stream_is_refused_before_it_begins() {
    let (server, _) = start().await;
    let answer = post(&server, "/v3/maintenance/snapshot", "{}").await;
    let expected = "{\"error\":{\"code\":3,\"message\":\"etcdserver: user name is empty\"}}\n";
    assert_eq!((answer.status, answer.body.as_str()), (400, expected));
}
