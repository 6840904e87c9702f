//! Every path of etcd's gateway, asked one by one, over HTTP/1 and HTTP/2.

use std::future::poll_fn;
use std::pin::Pin;

use http::{Request, Response};
use hyper::body::Body as _;
use tonic::body::Body;
use tower::ServiceExt as _;

use crate::common::web::{ask, get};
use crate::common::{TestServer, soon};

/// The patterns of etcd 3.7.3's generated gateways, `rpc.pb.gw.go`, `v3lock.pb.gw.go` and `v3election.pb.gw.go`.
const PATHS: &str = "
    kv/range kv/put kv/deleterange kv/txn kv/compaction watch
    lease/grant lease/revoke kv/lease/revoke lease/keepalive lease/timetolive kv/lease/timetolive lease/leases kv/lease/leases
    cluster/member/add cluster/member/remove cluster/member/update cluster/member/list cluster/member/promote
    maintenance/alarm maintenance/status maintenance/defragment maintenance/hash maintenance/hashkv maintenance/snapshot
    maintenance/transfer-leadership maintenance/downgrade
    auth/enable auth/disable auth/status auth/authenticate
    auth/user/add auth/user/get auth/user/list auth/user/delete auth/user/changepw auth/user/grant auth/user/revoke
    auth/role/add auth/role/get auth/role/list auth/role/delete auth/role/grant auth/role/revoke
    election/campaign election/proclaim election/leader election/observe election/resign lock/lock lock/unlock";

#[tokio::test]
async fn every_path_of_etcds_leads_to_a_call() {
    let server = TestServer::start().await;
    for path in PATHS.split_whitespace() {
        // A watch without a request, and a lock without an end, are answered when their time is over.
        let answer = ask(&server, "POST", &format!("/v3/{path}"), "Grpc-Timeout: 300m\r\n", "{}").await;
        assert!(!answer.body.contains("Not Found"), "{path}: {answer:?}");
        let get = get(&server, &format!("/v3/{path}")).await;
        assert_eq!((get.status, get.body.as_str()), (501, r#"{"code":12,"message":"Method Not Allowed"}"#), "{path}");
    }
}

async fn ask_h2(server: &TestServer, method: &str, path: &str, json: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(format!("{}{path}", server.url));
    let request = request.header("content-type", "application/json").body(Body::new(json.to_owned())).unwrap();
    soon(server.channel().await.oneshot(request)).await.unwrap()
}

/// The next part of a body.
async fn next(response: &mut Response<Body>) -> String {
    let mut body = Pin::new(response.body_mut());
    let frame = soon(poll_fn(|cx| body.as_mut().poll_frame(cx))).await.expect("more comes").unwrap();
    String::from_utf8(frame.into_data().expect("data").to_vec()).unwrap()
}

#[tokio::test]
async fn pages_and_calls_are_answered_over_http_2_too() {
    let server = TestServer::start().await;
    let mut health = ask_h2(&server, "GET", "/health", "").await;
    assert_eq!((health.status().as_u16(), next(&mut health).await.as_str()), (200, r#"{"health":"true","reason":""}"#));
    let mut put = ask_h2(&server, "POST", "/v3/kv/put", r#"{"key":"Zm9v"}"#).await;
    assert_eq!(put.status(), 200);
    assert!(next(&mut put).await.contains(r#""revision":"2""#));
    let failed = ask_h2(&server, "POST", "/v3/kv/range", "nonsense").await;
    assert_eq!(failed.status(), 400);
}

#[tokio::test]
async fn a_watch_over_http_2_has_lines_and_no_trailers_of_grpc() {
    let server = TestServer::start().await;
    let mut watch = ask_h2(&server, "POST", "/v3/watch", r#"{"create_request":{"key":"Zm9v"}}"#).await;
    assert_eq!(watch.headers()["content-type"], "application/json");
    assert!(next(&mut watch).await.contains(r#""created":true"#));
    server.client().await.put("foo", "bar", None).await.unwrap();
    assert!(next(&mut watch).await.contains(r#""value":"YmFy""#));
    server.stop();
    assert!(next(&mut watch).await.starts_with(r#"{"error":{"code":14,"#));
    let mut body = Pin::new(watch.body_mut());
    let end = soon(poll_fn(|cx| body.as_mut().poll_frame(cx))).await;
    assert!(end.is_none_or(|frame| frame.unwrap().into_data().is_ok_and(|data| data.is_empty())));
}
