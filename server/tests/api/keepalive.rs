//! Pings, frame by frame.

use std::time::Duration;

use server::{KeepaliveOptions, ServerOptions};
use storage_core::StoreOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::{TestServer, soon};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\x0012345678";
const PONG: &[u8] = b"\0\0\x08\x06\x01\0\0\0\x0012345678";

async fn connect(min_time: Duration) -> (TestServer, TcpStream) {
    let keepalive = KeepaliveOptions { min_time, ..Default::default() };
    let server = TestServer::with(ServerOptions { keepalive, ..Default::default() }, StoreOptions::default()).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(&[PREFACE, SETTINGS].concat()).await.unwrap();
    (server, stream)
}

#[tokio::test]
async fn a_client_that_pings_too_often_is_told_and_disconnected() {
    let (_server, mut stream) = connect(Duration::from_secs(3600)).await;
    for _ in 0..8 {
        stream.write_all(PING).await.unwrap();
    }
    let mut received = Vec::new();
    let _ = soon(stream.read_to_end(&mut received)).await;
    let words = b"too_many_pings";
    assert!(received.windows(words.len()).any(|window| window == words), "{received:?}");
}

#[tokio::test]
async fn a_client_that_pings_as_often_as_it_may_is_answered() {
    let (_server, mut stream) = connect(Duration::ZERO).await;
    let mut received = Vec::new();
    for pings in 1..=8 {
        stream.write_all(PING).await.unwrap();
        while received.windows(PONG.len()).filter(|window| *window == PONG).count() < pings {
            assert!(soon(stream.read_buf(&mut received)).await.unwrap() > 0, "the connection lives");
        }
    }
}
