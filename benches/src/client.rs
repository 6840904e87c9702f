//! A connection with as little between a request and the socket as there can be.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::watch_client::WatchClient;
use proto::etcdserverpb::{LeaseGrantRequest, WatchRequest, WatchResponse};
use tokio::net::TcpStream;
use tokio_stream::StreamExt as _;
use tonic::Streaming;
use tonic::body::Body;

use crate::error::HarnessError;

/// Flow control must not be what is measured: a list of 20 MB may be under way at once.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;
/// HTTP/2's own default, which soon holds up a server whose messages nobody takes.
const SMALL_WINDOW_BYTES: u32 = 65_535;

/// A KV client over a [`Connection`].
pub type Kv = KvClient<Connection>;

/// A lease client over a [`Connection`].
pub type Lease = LeaseClient<Connection>;

/// One HTTP/2 connection. tonic's own channel would add a task and two queues to every request, on the cores that the
/// server needs. Cheap to clone: all clones are one connection.
#[derive(Clone)]
pub struct Connection {
    sender: SendRequest<Body>,
    address: SocketAddr,
    origin: Uri,
    token: Option<HeaderValue>,
}

impl Connection {
    /// Connects to the server at `address`.
    ///
    /// # Errors
    /// If nobody speaks HTTP/2 there.
    pub async fn open(address: SocketAddr) -> Result<Self, HarnessError> {
        Self::with_windows(address, STREAM_WINDOW_BYTES, CONNECTION_WINDOW_BYTES).await
    }

    /// Connects to the same server once more, as a client that has little room for what it does not take.
    ///
    /// # Errors
    /// If nobody speaks HTTP/2 there.
    pub async fn again_with_small_windows(&self) -> Result<Self, HarnessError> {
        let connection = Self::with_windows(self.address, SMALL_WINDOW_BYTES, SMALL_WINDOW_BYTES).await?;
        Ok(Self { token: self.token.clone(), ..connection })
    }

    async fn with_windows(address: SocketAddr, stream: u32, connection: u32) -> Result<Self, HarnessError> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(stream)
            .initial_connection_window_size(connection)
            .handshake(TokioIo::new(socket))
            .await?;
        tokio::spawn(connection);
        let origin = format!("http://{address}").parse().expect("an address is a valid authority");
        Ok(Self { sender, address, origin, token: None })
    }

    /// The same connection, whose requests show `token`.
    #[must_use]
    pub fn with_token(self, token: HeaderValue) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The server's origin, which requests must name.
    #[must_use]
    pub fn origin(&self) -> Uri {
        self.origin.clone()
    }

    /// The KV service at the other end.
    #[must_use]
    pub fn kv(&self) -> Kv {
        KvClient::with_origin(self.clone(), self.origin()).max_decoding_message_size(usize::MAX)
    }

    /// The lease service at the other end.
    #[must_use]
    pub fn lease(&self) -> Lease {
        LeaseClient::with_origin(self.clone(), self.origin())
    }

    /// Grants a lease, and answers its id.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn grant(&self, ttl_seconds: i64) -> Result<i64, HarnessError> {
        Ok(self.lease().lease_grant(LeaseGrantRequest { ttl: ttl_seconds, id: 0 }).await?.into_inner().id)
    }

    /// A stream with one watch, once the server has confirmed it.
    ///
    /// # Errors
    /// If it does not.
    pub async fn watch(&self, request: WatchRequest) -> Result<Streaming<WatchResponse>, HarnessError> {
        let client = WatchClient::with_origin(self.clone(), self.origin());
        // The stream of requests stays open: its end would end the watch.
        let requests = tokio_stream::once(request).chain(tokio_stream::pending());
        let mut stream = client.max_decoding_message_size(usize::MAX).watch(requests).await?.into_inner();
        match stream.message().await? {
            Some(response) if response.created && !response.canceled => Ok(stream),
            _ => Err(HarnessError::unexpected("a watch was refused")),
        }
    }
}

impl tower::Service<Request<Body>> for Connection {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(token) = &self.token {
            request.headers_mut().insert("token", token.clone());
        }
        Box::pin(self.sender.send_request(request))
    }
}
