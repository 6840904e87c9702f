//! A connection with as little between a request and the socket as there can be.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::etcdserverpb::kv_client::KvClient;
use tokio::net::TcpStream;
use tonic::body::Body;

use crate::error::HarnessError;

/// Flow control must not be what is measured: a list of 20 MB may be under way at once.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;

/// A KV client over a [`Connection`].
pub type Kv = KvClient<Connection>;

/// One HTTP/2 connection. tonic's own channel would add a task and two queues to every request, on the cores that the
/// server needs. Cheap to clone: all clones are one connection.
#[derive(Clone)]
pub struct Connection {
    sender: SendRequest<Body>,
    origin: Uri,
    token: Option<HeaderValue>,
}

impl Connection {
    /// Connects to the server at `address`.
    ///
    /// # Errors
    /// If nobody speaks HTTP/2 there.
    pub async fn open(address: SocketAddr) -> Result<Self, HarnessError> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .handshake(TokioIo::new(socket))
            .await?;
        tokio::spawn(connection);
        let origin = format!("http://{address}").parse().expect("an address is a valid authority");
        Ok(Self { sender, origin, token: None })
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
