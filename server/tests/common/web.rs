//! A small HTTP/1 client that says exactly what a test wants said.

#![allow(dead_code, reason = "not every test program uses all of it")]

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{TestServer, soon};

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// A connection.
pub(crate) struct Web {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Web {
    pub(crate) async fn connect(server: &TestServer) -> Self {
        let stream = TcpStream::connect(server.address()).await.expect("the server accepts");
        Self { stream, received: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    /// Sends what the server may refuse before it has all of it.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// A request with a body of a known length. `headers` are whole lines.
    pub(crate) async fn request(&mut self, method: &str, path: &str, headers: &str, body: &str) {
        let len = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {len}\r\n\r\n");
        self.send(head + body).await;
    }

    /// The head of an answer.
    pub(crate) async fn head(&mut self) -> String {
        self.until(b"\r\n\r\n").await
    }

    /// A whole answer with a body of a known length.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        let mut answer = Answer { status: status(&head), head, body: String::new() };
        let len = answer.header("content-length").map_or(0, |len| len.parse().expect("a number"));
        while self.received.len() < len {
            assert!(self.receive().await, "the body is whole");
        }
        answer.body = text(self.received.drain(..len).collect());
        answer
    }

    /// The next part of an answer whose length is not known beforehand; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let len = self.until(b"\r\n").await;
        let len = usize::from_str_radix(len.trim_end(), 16).expect("a chunk's length");
        while self.received.len() < len + 2 {
            assert!(self.receive().await, "the chunk is whole");
        }
        let chunk = text(self.received.drain(..len).collect());
        self.received.drain(..2);
        (len > 0).then_some(chunk)
    }

    /// All that comes until the server closes the connection, or resets it.
    pub(crate) async fn rest(&mut self) -> String {
        while self.receive().await {}
        text(std::mem::take(&mut self.received))
    }

    /// Whatever comes, of any kind, until the server closes the connection.
    pub(crate) async fn end(&mut self) {
        while self.receive().await {}
    }

    async fn until(&mut self, end: &[u8]) -> String {
        loop {
            if let Some(at) = self.received.windows(end.len()).position(|window| window == end) {
                return text(self.received.drain(..at + end.len()).collect());
            }
            assert!(self.receive().await, "more comes than {:?}", text(self.received.clone()));
        }
    }

    async fn receive(&mut self) -> bool {
        let mut buffer = [0; 16 << 10];
        match soon(self.stream.read(&mut buffer)).await {
            Ok(len) => {
                self.received.extend_from_slice(&buffer[..len]);
                len > 0
            }
            Err(_) => false,
        }
    }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).expect("a status").parse().expect("a number")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

/// One request on a connection of its own.
pub(crate) async fn ask(server: &TestServer, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut web = Web::connect(server).await;
    web.request(method, path, headers, body).await;
    web.answer().await
}

pub(crate) async fn get(server: &TestServer, path: &str) -> Answer {
    ask(server, "GET", path, "", "").await
}

/// A call of the gateway.
pub(crate) async fn post(server: &TestServer, path: &str, json: &str) -> Answer {
    ask(server, "POST", path, "", json).await
}
