//! Streams over WebSocket.

use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use serde_json::Value;
use server::{HttpOptions, ServerOptions};
use storage_core::StoreOptions;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::common::web::{ask, get};
use crate::common::{TestServer, soon};

type Socket = WebSocketStream<TcpStream>;

async fn open(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Result<Socket, Error> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let mut request = Request::get(format!("ws://{}{path}", server.address()))
        .header("Host", "test")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", generate_key());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(soon(client_async(request.body(()).unwrap(), stream)).await?.0)
}

async fn send(socket: &mut Socket, json: &str) {
    socket.send(Message::text(json)).await.unwrap();
}

async fn receive(socket: &mut Socket) -> Value {
    let message = soon(socket.next()).await.expect("the stream goes on").unwrap();
    serde_json::from_str(message.to_text().unwrap()).expect("JSON")
}

#[tokio::test]
async fn a_watch_is_made_and_its_events_come_each_in_a_message() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "/v3/watch", &[]).await.unwrap();
    send(&mut socket, r#"{"create_request":{"key":"Zm9v","watch_id":"7"}}"#).await;
    assert_eq!(receive(&mut socket).await["result"]["created"], true);
    server.client().await.put("foo", "bar", None).await.unwrap();
    assert_eq!(receive(&mut socket).await["result"]["events"][0]["kv"]["value"], "YmFy");
    send(&mut socket, r#"{"cancel_request":{"watch_id":"7"}}"#).await;
    assert_eq!(receive(&mut socket).await["result"]["canceled"], true);
}

#[tokio::test]
async fn an_error_is_the_last_message() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "/v3/watch", &[]).await.unwrap();
    send(&mut socket, "{nonsense}").await;
    assert_eq!(receive(&mut socket).await["error"]["code"], 3);
    assert!(matches!(soon(socket.next()).await, None | Some(Ok(Message::Close(_)) | Err(_))));
    let mut socket = open(&server, "/v3/nothing", &[]).await.unwrap();
    assert_eq!(receive(&mut socket).await["code"], 5);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_watch_along() {
    let server = TestServer::start().await;
    for close in [true, false] {
        let mut socket = open(&server, "/v3/watch", &[]).await.unwrap();
        send(&mut socket, r#"{"create_request":{"key":"Zm9v"}}"#).await;
        receive(&mut socket).await;
        assert_eq!(server.store.status().watch.watchers, 1);
        if close {
            socket.close(None).await.unwrap();
        } else {
            drop(socket);
        }
        while server.store.status().watch.watchers > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_shutdown_ends_it() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "/v3/watch", &[]).await.unwrap();
    send(&mut socket, r#"{"create_request":{"key":"Zm9v"}}"#).await;
    receive(&mut socket).await;
    server.stop();
    assert_eq!(receive(&mut socket).await["error"]["code"], 14);
    server.stopped().await;
}

#[tokio::test]
async fn a_message_above_the_limit_ends_it() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "/v3/watch", &[]).await.unwrap();
    let huge = format!(r#"{{"create_request":{{"key":"{}"}}}}"#, "A".repeat(5 << 20));
    let _ = socket.send(Message::text(huge)).await;
    assert!(matches!(soon(socket.next()).await, None | Some(Ok(Message::Close(_)) | Err(_))));
    assert_eq!(get(&server, "/health").await.status, 200);
}

#[tokio::test]
async fn only_pages_that_may_read_may_open_one() {
    let http = HttpOptions { origins: vec!["https://a.example".to_owned()], ..Default::default() };
    let server = TestServer::with(ServerOptions { http, ..Default::default() }, StoreOptions::default()).await;
    open(&server, "/v3/watch", &[("Origin", "https://a.example")]).await.unwrap();
    open(&server, "/v3/watch", &[]).await.unwrap();
    let refused = open(&server, "/v3/watch", &[("Origin", "https://b.example")]).await;
    assert!(matches!(refused, Err(Error::Http(answer)) if answer.status() == 403));
}

#[tokio::test]
async fn a_token_may_come_as_a_protocol_which_is_then_spoken() {
    let server = TestServer::start().await;
    open(&server, "/v3/watch", &[("Sec-WebSocket-Protocol", "Bearer")]).await.unwrap();
}

#[tokio::test]
async fn an_upgrade_without_a_key_is_refused() {
    let server = TestServer::start().await;
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    assert_eq!(ask(&server, "GET", "/v3/watch", headers, "").await.status, 400);
}
