//! Listeners that serve a part.

use std::sync::Arc;

use etcd_client::Client;
use server::{Endpoint, HttpOptions, Role, ServerOptions};
use storage_core::{MemoryBackend, Store, StoreOptions};

use crate::common::web::{Web, get, post};
use crate::common::{TestServer, listener};

async fn server(role: Role) -> TestServer {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap();
    TestServer::serving(vec![Endpoint { listener: listener().await, role }], store, ServerOptions::default())
}

async fn speaks_grpc(server: &TestServer) -> bool {
    let mut client = Client::connect([server.address()], None).await.unwrap();
    client.get("k", None).await.is_ok()
}

#[tokio::test]
async fn where_http_is_apart_it_has_the_gateway_and_the_pages_but_no_grpc() {
    let server = server(Role::Http).await;
    assert_eq!(post(&server, "/v3/kv/range", r#"{"key":"Zm9v"}"#).await.status, 200);
    assert_eq!(get(&server, "/readyz").await.status, 200);
    assert!(!speaks_grpc(&server).await);
}

#[tokio::test]
async fn where_grpc_is_apart_there_is_nothing_else() {
    let server = server(Role::Grpc).await;
    assert!(speaks_grpc(&server).await);
    for path in ["/health", "/v3/kv/range"] {
        let mut web = Web::connect(&server).await;
        web.request("POST", path, "", "{}").await;
        let head = web.head().await;
        assert!(head.starts_with("HTTP/1.1 415 ") && head.contains("Grpc-Status: 3"), "{head}");
    }
}

#[tokio::test]
async fn monitors_see_health_and_neither_keys_nor_versions() {
    let server = server(Role::Monitoring).await;
    for path in ["/health", "/livez", "/readyz?verbose", "/readyz/non_learner"] {
        assert_eq!(get(&server, path).await.status, 200, "{path}");
    }
    for path in ["/version", "/debug/vars", "/v3/kv/range"] {
        assert_eq!(get(&server, path).await.status, 404, "{path}");
    }
    assert_eq!(post(&server, "/v3/kv/put", r#"{"key":"Zm9v"}"#).await.status, 404);
    assert_eq!(get(&server, "/health").await.header("Access-Control-Allow-Origin"), None);
    assert!(!speaks_grpc(&server).await);
}

#[tokio::test]
async fn a_gateway_that_is_off_is_not_there() {
    let http = HttpOptions { gateway: false, ..Default::default() };
    let server = TestServer::with(ServerOptions { http, ..Default::default() }, StoreOptions::default()).await;
    let answer = post(&server, "/v3/kv/range", "{}").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "404 page not found\n"));
}
