//! The plain HTTP pages, as a probe asks them.

use etcd_client::{AlarmAction, AlarmType};

use crate::common::TestServer;
use crate::common::web::{Web, ask, get};

#[tokio::test]
async fn health_is_etcds_json() {
    let server = TestServer::start().await;
    let answer = get(&server, "/health").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"health":"true","reason":""}"#));
    assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn an_alarm_makes_unhealthy_unless_excluded() {
    let server = TestServer::start().await;
    server.client().await.alarm(AlarmAction::Activate, AlarmType::Nospace, None).await.unwrap();
    let answer = get(&server, "/health").await;
    let expected = "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n";
    assert_eq!((answer.status, answer.body.as_str()), (503, expected));
    assert_eq!(get(&server, "/health?serializable=true&exclude=NOSPACE").await.status, 200);
}

#[tokio::test]
async fn version_is_the_emulated_one() {
    let server = TestServer::start().await;
    let answer = get(&server, "/version").await;
    let expected = r#"{"etcdserver":"3.7.3","etcdcluster":"3.7.0","storage":"3.7.0"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (200, expected));
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let server = TestServer::start().await;
    for path in ["/health", "/version", "/livez", "/readyz/non_learner", "/debug/vars"] {
        let answer = ask(&server, "POST", path, "", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (405, "Method Not Allowed\n"), "{path}");
        assert_eq!(answer.header("Allow"), Some("GET"));
    }
    let answer = get(&server, "/nothing").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "404 page not found\n"));
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
}

#[tokio::test]
async fn variables_are_json_and_hold_no_command_line() {
    let server = TestServer::start().await;
    let vars = get(&server, "/debug/vars").await.json();
    assert_eq!(vars["cmdline"], serde_json::json!(["auroch"]));
    assert_eq!(vars["raft.status"]["raftState"], "StateLeader");
    assert_eq!(vars["revision"], 1);
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = TestServer::start().await;
    let mut web = Web::connect(&server).await;
    web.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /version HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(web.answer().await.body.contains("health"));
    assert!(web.answer().await.body.contains("etcdserver"));
    web.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(web.answer().await.body, "ok\n");
}

#[tokio::test]
async fn grpc_is_not_spoken_over_http_1() {
    let server = TestServer::start().await;
    let put = "\x00\x00\x00\x00\x06\x0a\x01k\x12\x01v";
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/grpc"] {
        let header = format!("Content-Type: {content_type}\r\n");
        let answer = ask(&server, "POST", "/etcdserverpb.KV/Put", &header, put).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    assert_eq!(server.store.revision().0, 1, "nothing was written");
}

#[tokio::test]
async fn a_path_that_is_not_clean_leads_to_the_clean_one() {
    let server = TestServer::start().await;
    for (path, location) in [("/v3", "/v3/"), ("//health?serializable=true", "/health?serializable=true")] {
        let answer = get(&server, path).await;
        assert_eq!((answer.status, answer.header("Location")), (307, Some(location)), "{path}");
        assert_eq!(answer.body, format!("<a href=\"{location}\">Temporary Redirect</a>.\n\n"));
    }
}
