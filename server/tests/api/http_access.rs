//! Who may ask in a browser, and under which name.

use std::sync::Arc;

use server::{HttpOptions, ServerOptions, TlsOptions};
use storage_core::StoreOptions;
use storage_core::auth::AuthChange;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::common::certs::{CLIENT, Certs};
use crate::common::tls::{connect, serve};
use crate::common::web::{Web, ask, get, post};
use crate::common::{TestServer, soon};

async fn server(http: HttpOptions) -> TestServer {
    TestServer::with(ServerOptions { http, ..Default::default() }, StoreOptions::default()).await
}

async fn status_for_host(server: &TestServer, host: &str) -> u16 {
    let mut web = Web::connect(server).await;
    web.send(format!("GET /version HTTP/1.1\r\n{host}\r\n")).await;
    web.answer().await.status
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_misdirected() {
    let hosts = vec!["localhost".to_owned(), "::1".to_owned()];
    let server = server(HttpOptions { hosts, ..Default::default() }).await;
    for (host, status) in [
        ("Host: localhost:2379\r\n", 200),
        ("Host: localhost\r\n", 200),
        ("Host: [::1]:2379\r\n", 200),
        ("Host: evil.example:2379\r\n", 421),
        ("Host: \r\n", 421),
        ("", 421),
    ] {
        assert_eq!(status_for_host(&server, host).await, status, "{host}");
    }
}

#[tokio::test]
async fn a_misdirected_call_of_the_gateway_changes_nothing() {
    let server = server(HttpOptions { hosts: vec!["localhost".to_owned()], ..Default::default() }).await;
    let answer = post(&server, "/v3/kv/put", r#"{"key":"Zm9v","value":"YmFy"}"#).await;
    assert_eq!(answer.status, 421);
    assert!(answer.body.contains("--host-whitelist \"test\""), "{}", answer.body);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
    assert_eq!(server.store.revision().0, 1);
}

#[tokio::test]
async fn any_page_may_read_by_default_as_in_etcd() {
    let server = server(HttpOptions::default()).await;
    for answer in [get(&server, "/version").await, get(&server, "/nothing").await, get(&server, "/v3/nothing").await] {
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"));
        assert_eq!(answer.header("Access-Control-Allow-Methods"), Some("POST, GET, OPTIONS, PUT, DELETE"));
        assert_eq!(answer.header("Access-Control-Allow-Headers"), Some("accept, content-type, authorization"));
    }
}

#[tokio::test]
async fn only_pages_of_the_listed_origins_may_read() {
    let server = server(HttpOptions { origins: vec!["https://a.example".to_owned()], ..Default::default() }).await;
    let allowed = ask(&server, "GET", "/version", "Origin: https://a.example\r\n", "").await;
    assert_eq!(allowed.header("Access-Control-Allow-Origin"), Some("https://a.example"));
    for origin in ["Origin: https://b.example\r\n", ""] {
        let answer = ask(&server, "GET", "/version", origin, "").await;
        assert_eq!((answer.status, answer.header("Access-Control-Allow-Origin")), (200, None), "{origin}");
    }
}

#[tokio::test]
async fn options_are_answered_wherever_they_are_asked() {
    let server = server(HttpOptions::default()).await;
    for path in ["/v3/kv/put", "/health", "/nothing"] {
        let answer = ask(&server, "OPTIONS", path, "Origin: https://a.example\r\n", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some("*"));
    }
}

#[tokio::test]
async fn a_certificate_that_names_a_user_is_not_mistaken_for_one_by_the_gateway() {
    let certs = Certs::new();
    let server = serve(TlsOptions { client_cert_auth: true, ..certs.mutual() }).await;
    let config = certs.authority.client(Some(&certs.authority.issue(CLIENT)));
    let ask = async |request: &str| {
        let mut stream = connect(&server, &config).await.unwrap();
        stream
            .write_all(format!("{request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    };
    assert!(ask("POST /v3/cluster/member/list").await.starts_with("HTTP/1.1 200"));
    let root: Arc<str> = "root".into();
    for change in [
        AuthChange::UserAdd { name: root.clone(), password: None },
        AuthChange::UserGrantRole { user: root.clone(), role: root },
        AuthChange::Enable,
    ] {
        server.store.change_auth(change).await.unwrap();
    }
    let refused = ask("POST /v3/cluster/member/list").await;
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("\r\n\r\nCommonName of client"), "{refused}");
    assert!(ask("GET /health").await.starts_with("HTTP/1.1 200"));
}
