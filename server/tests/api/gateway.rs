//! Calls in JSON, and how they fail.

use serde_json::json;

use crate::common::TestServer;
use crate::common::web::{Web, ask, post};

/// The status and the body of a call that fails.
async fn failure(server: &TestServer, path: &str, json: &str) -> (u16, String) {
    let answer = post(server, path, json).await;
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_put_is_read_back_in_etcds_form() {
    let server = TestServer::start().await;
    let put = post(&server, "/v3/kv/put", r#"{"key":"Zm9v","value":"YmFy"}"#).await;
    assert_eq!(put.status, 200);
    assert_eq!(put.header("Content-Type"), Some("application/json"));
    assert_eq!(put.header("Grpc-Metadata-Content-Type"), Some("application/grpc"));
    let range = post(&server, "/v3/kv/range", r#"{"key":"Zm9v"}"#).await;
    let identity = server.store.identity();
    let header = format!(
        r#""header":{{"cluster_id":"{}","member_id":"{}","revision":"2","raft_term":"{}"}}"#,
        identity.cluster_id, identity.member_id, identity.term
    );
    let kvs = r#""kvs":[{"key":"Zm9v","create_revision":"2","mod_revision":"2","version":"1","value":"YmFy"}]"#;
    assert_eq!(put.body, format!("{{{header}}}"));
    assert_eq!(range.body, format!(r#"{{{header},{kvs},"count":"1"}}"#));
}

#[tokio::test]
async fn a_transaction_nests_and_answers_in_kind() {
    let server = TestServer::start().await;
    let txn = r#"{
        "compare":[{"result":"EQUAL","target":"VERSION","key":"Zm9v","version":"0"}],
        "success":[{"request_put":{"key":"Zm9v","value":"YmFy"}},
                   {"request_txn":{"success":[{"requestRange":{"key":"Zm9v"}}]}}]}"#;
    let answer = post(&server, "/v3/kv/txn", txn).await.json();
    assert_eq!(answer["succeeded"], true);
    assert_eq!(answer["responses"][0]["response_put"]["header"]["revision"], "2");
    let inner = &answer["responses"][1]["response_txn"]["responses"][0]["response_range"];
    assert_eq!(inner["kvs"][0]["value"], "YmFy");
}

#[tokio::test]
async fn failures_have_the_code_and_the_words_of_grpc() {
    let server = TestServer::start().await;
    for (path, json, status, body) in [
        ("/v3/kv/range", "", 400, r#"{"code":3,"message":"etcdserver: key is not provided"}"#),
        ("/v3/lease/revoke", r#"{"ID":"5"}"#, 404, r#"{"code":5,"message":"etcdserver: requested lease not found"}"#),
        (
            "/v3/kv/compaction",
            r#"{"revision":"1000"}"#,
            400,
            r#"{"code":11,"message":"etcdserver: mvcc: required revision is a future revision"}"#,
        ),
        ("/v3/kv/nothing", "", 404, r#"{"code":5,"message":"Not Found"}"#),
        ("/v3/", "", 404, r#"{"code":5,"message":"Not Found"}"#),
    ] {
        assert_eq!(failure(&server, path, json).await, (status, body.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_call_is_a_post() {
    let server = TestServer::start().await;
    for method in ["GET", "PUT", "DELETE"] {
        let answer = ask(&server, method, "/v3/kv/range", "", r#"{"key":"Zm9v"}"#).await;
        assert_eq!((answer.status, answer.body.as_str()), (501, r#"{"code":12,"message":"Method Not Allowed"}"#));
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused_in_words() {
    let server = TestServer::start().await;
    for json in ["hello", "}", "5", "null", "[]", r#"{"key" 1}"#, r#"{"key":"Zm9v",}"#, r#"{"key":"\ud800"}"#, "\"x\""]
    {
        let (status, body) = failure(&server, "/v3/kv/range", json).await;
        assert_eq!(status, 400, "{json}");
        assert!(body.starts_with(r#"{"code":3,"message":""#) && body.len() > 30, "{body}");
    }
    for json in [r#"{"key":"Zm9v""#, "{", r#"{"key":"Zm"#] {
        let expected = (400, r#"{"code":3,"message":"unexpected EOF"}"#.to_owned());
        assert_eq!(failure(&server, "/v3/kv/range", json).await, expected, "{json}");
    }
}

#[tokio::test]
async fn json_that_is_nested_too_deep_is_refused() {
    let server = TestServer::start().await;
    let deep = |open: &str, close: &str| open.repeat(5000) + &close.repeat(5000);
    for json in [deep("[", "]"), deep(r#"{"a":"#, "}"), deep(r#"{"success":[{"request_txn":"#, "}]}")] {
        assert_eq!(failure(&server, "/v3/kv/txn", &json).await.0, 400);
    }
}

#[tokio::test]
async fn transactions_as_deep_as_json_may_be_are_answered() {
    let server = TestServer::start().await;
    for depth in [10, 40] {
        let txn = r#"{"success":[{"request_txn":"#.repeat(depth) + "{}" + &"}]}".repeat(depth);
        let answer = post(&server, "/v3/kv/txn", &txn).await;
        assert!(answer.status == 200 || answer.status == 400, "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_above_the_limit_is_not_taken_in() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.send("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n{\"key\":\"").await;
    let part = "A".repeat(1 << 20);
    for _ in 0..8 {
        web.try_send(&part).await;
    }
    let answer = web.answer().await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["code"], 8);
}

#[tokio::test]
async fn a_value_above_the_limit_of_requests_is_too_large_as_in_grpc() {
    let server = TestServer::start().await;
    let body = format!(r#"{{"key":"Zm9v","value":"{}"}}"#, "A".repeat(2_200_000));
    let expected = (400, r#"{"code":3,"message":"etcdserver: request is too large"}"#.to_owned());
    assert_eq!(failure(&server, "/v3/kv/put", &body).await, expected);
    let body = format!(r#"{{"key":"Zm9v","value":"{}"}}"#, "A".repeat(3_200_000));
    let (status, body) = failure(&server, "/v3/kv/put", &body).await;
    assert_eq!(status, 429);
    assert!(body.contains("grpc: received message larger than max (2400010 vs. 2097152)"), "{body}");
}

#[tokio::test]
async fn what_is_behind_the_message_is_not_looked_at() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    for _ in 0..2 {
        web.request("POST", "/v3/kv/range", "", r#"{"key":"Zm9v"} {"key" and more"#).await;
        assert_eq!(web.answer().await.status, 200, "and the connection serves the next");
    }
}

#[tokio::test]
async fn old_paths_and_alternative_ones_are_answered() {
    let server = TestServer::start().await;
    let put = json!({"key": "Zm9v"}).to_string();
    assert_eq!(post(&server, "/v3beta/kv/put", &put).await.status, 200);
    assert_eq!(post(&server, "/v3alpha/kv/put", &put).await.status, 404);
    for path in ["/v3/lease/leases", "/v3/kv/lease/leases"] {
        assert_eq!(post(&server, path, "{}").await.status, 200, "{path}");
    }
    for path in ["/v3/lease/timetolive", "/v3/kv/lease/timetolive"] {
        assert_eq!(post(&server, path, r#"{"ID":7}"#).await.json()["TTL"], "-1", "{path}");
    }
}

#[tokio::test]
async fn a_call_may_be_given_a_limit_of_time() {
    let server = TestServer::start().await;
    let range = async |timeout: &str| {
        let header = format!("Grpc-Timeout: {timeout}\r\n");
        ask(&server, "POST", "/v3/kv/range", &header, r#"{"key":"Zm9v"}"#).await
    };
    assert_eq!(range("10S").await.status, 200);
    let wrong = range("soon").await;
    assert_eq!((wrong.status, wrong.body.as_str()), (400, r#"{"code":3,"message":"invalid grpc-timeout: soon"}"#));
    // Long enough to be begun, and over before the body is there.
    let mut web = Web::connect(&server).await;
    web.send("POST /v3/kv/range HTTP/1.1\r\nHost: a\r\nGrpc-Timeout: 1m\r\nContent-Length: 9\r\n\r\n").await;
    let late = web.answer().await;
    assert_eq!((late.status, late.body.as_str()), (504, r#"{"code":4,"message":"context deadline exceeded"}"#));
}
