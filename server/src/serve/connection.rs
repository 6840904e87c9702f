use std::pin::pin;
use std::sync::Arc;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio_util::task::TaskTracker;

use super::Stop;
use super::local::LocalExecutor;
use super::opening::Opening;
use super::peer::Peer;
use super::pings::PingPolice;
use super::role::Role;
use super::router::Router;
use crate::listen::{Incoming, Io, Opened};
use crate::metrics::Open;
use crate::options::ServerOptions;

/// How much a client may send on one stream before it is read: a request of the largest size without a pause.
const STREAM_WINDOW_BYTES: u32 = 2 << 20;
/// The same for all streams of a connection.
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// How much of a stream's answer may wait for the client. More is not made before it reads.
const SEND_BUFFER_BYTES: usize = 256 << 10;
/// Streams that a client gave up before the server saw them. A client that closes many watches at once does that.
const PENDING_RESETS: usize = 4096;

/// Serves connections: HTTP/2 for gRPC, and HTTP/1 for the few plain paths.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Arc<Shared>,
    role: Role,
}

struct Shared {
    router: Router,
    options: ServerOptions,
    stop: Stop,
    tasks: TaskTracker,
}

impl Connections {
    pub(super) fn new(router: Router, options: &ServerOptions, stop: Stop, tasks: TaskTracker) -> Self {
        let shared = Arc::new(Shared { router, options: options.clone(), stop, tasks });
        Self { shared, role: Role::default() }
    }

    /// The same for a listener of `role`.
    pub(super) fn for_role(&self, role: Role) -> Self {
        Self { shared: Arc::clone(&self.shared), role }
    }

    /// Serves one connection, in a task of its own.
    pub(super) fn serve(&self, incoming: Incoming) {
        self.shared.tasks.spawn(Arc::clone(&self.shared).incoming(incoming, self.role));
    }
}

impl Shared {
    /// A shutdown does not wait for handshakes.
    async fn incoming(self: Arc<Self>, incoming: Incoming, role: Role) {
        let opened = tokio::select! {
            biased;
            opened = incoming.open() => opened,
            () = self.stop.drain.cancelled() => return,
        };
        if let Some(opened) = opened {
            self.connection(opened, role).await;
        }
    }

    async fn connection(&self, Opened { io, common_name }: Opened, role: Role) {
        let _open = Open::new(self.router.metrics());
        let executor = LocalExecutor::default();
        let http = http(&self.options, executor.clone());
        let peer = Peer { secure: matches!(io, Io::Tls(_)), common_name };
        let opening = Opening::new(self.options.http.preface_timeout);
        let io = TokioIo::new(PingPolice::new(io, self.options.keepalive.min_time, opening));
        let connection = pin!(http.serve_connection_with_upgrades(io, self.router.for_connection(role, peer)));
        let mut connection = executor.drive(connection);
        let ended = tokio::select! {
            biased;
            ended = &mut connection => ended,
            () = self.stop.drain.cancelled() => {
                connection.connection().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.stop.cut_off.cancelled() => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

fn http(options: &ServerOptions, executor: LocalExecutor) -> auto::Builder<LocalExecutor> {
    let mut http = auto::Builder::new(executor);
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.http.read_header_timeout)
        .title_case_headers(true);
    http.http2()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(options.max_concurrent_streams)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .keep_alive_interval(options.keepalive.interval)
        .keep_alive_timeout(options.keepalive.timeout);
    http
}
