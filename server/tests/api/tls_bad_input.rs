//! Those who do not shake hands. Each is disconnected, and costs nobody else anything.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use server::TlsOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::certs::Certs;
use crate::common::tls::{connect, is_served, serve};
use crate::common::{TestServer, soon};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\x0012345678";

/// A server with little patience.
async fn impatient(certs: &Certs) -> TestServer {
    serve(TlsOptions { handshake_timeout: Duration::from_millis(200), ..certs.server() }).await
}

/// The first bytes of a good client.
fn hello(certs: &Certs) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(certs.authority.client(None)), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// Waits for the server to disconnect; what it says until then.
async fn ended(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let _ = soon(stream.read_to_end(&mut said)).await;
    said
}

#[tokio::test]
async fn a_client_that_stalls_is_disconnected_wherever_it_does() {
    let certs = Certs::new();
    let server = impatient(&certs).await;
    let hello = hello(&certs);
    for sent in [0, 1, 5, 6, hello.len() / 2, hello.len() - 1, hello.len()] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(&hello[..sent]).await.unwrap();
        let said = ended(stream).await;
        assert_eq!(said.is_empty(), sent < hello.len(), "an answer to a whole hello alone: {sent}");
    }
    assert!(is_served(&server, &certs.authority.client(None)).await);
}

#[tokio::test]
async fn silent_clients_keep_nobody_from_connecting() {
    let certs = Certs::new();
    let server = serve(TlsOptions { handshake_timeout: Duration::from_secs(3600), ..certs.server() }).await;
    let hello = hello(&certs);
    let mut silent = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(if n % 2 == 0 { &[] } else { &hello }).await.unwrap();
        silent.push(stream);
    }
    assert!(is_served(&server, &certs.authority.client(None)).await);
    // Nor does a shutdown wait for them.
    server.stop();
    server.stopped().await;
    for stream in silent {
        ended(stream).await;
    }
}

#[tokio::test]
async fn what_is_not_tls_is_refused_at_once() {
    let certs = Certs::new();
    let server = serve(TlsOptions { handshake_timeout: Duration::from_secs(3600), ..certs.server() }).await;
    let long = [0x16; 100_000];
    for bytes in [b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n", PREFACE, &[0xff; 64][..], &long] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        // It may be gone before all is sent.
        let _ = stream.write_all(bytes).await;
        let said = ended(stream).await;
        assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
    }
    assert!(is_served(&server, &certs.authority.client(None)).await);
}

#[tokio::test]
async fn a_record_that_was_changed_on_its_way_ends_the_connection() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    let stream = connect(&server, &certs.authority.client(None)).await.unwrap();
    let (mut stream, _) = stream.into_inner();
    stream.write_all(b"\x17\x03\x03\0\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await.unwrap();
    ended(stream).await;
}

#[tokio::test]
async fn pings_are_counted_within_tls() {
    let certs = Certs::new();
    let server = serve(certs.server()).await;
    let mut stream = connect(&server, &certs.authority.client(None)).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    for _ in 0..8 {
        stream.write_all(PING).await.unwrap();
    }
    stream.flush().await.unwrap();
    let mut received = Vec::new();
    let _ = soon(stream.read_to_end(&mut received)).await;
    let words = b"too_many_pings";
    assert!(received.windows(words.len()).any(|window| window == words), "{received:?}");
}
