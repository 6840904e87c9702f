use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, Request};

use super::Metrics;
use super::call::Call;
use super::clients::Requests;
use super::methods::{self, Kind, METHODS};

/// What etcd calls a client that does not say its version.
const UNKNOWN: &str = "unknown";
const VERSION_HEADER: &str = "client-api-version";

/// The calls of one connection. They share this and not the server's own handle, so that counting references of it stays on the
/// connection's core; and a connection is one client of one version, which is looked up once.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) metrics: Arc<Metrics>,
    version: OnceLock<(Box<[u8]>, Arc<Requests>)>,
}

impl Connection {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { metrics, version: OnceLock::new() })
    }

    /// The server's metrics.
    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Begins to count a call; `None` for one of a method that there is not.
    pub(crate) fn begin<B>(self: &Arc<Self>, request: &Request<B>) -> Option<Call> {
        let method = methods::find(request.uri().path())?;
        self.count_request(request.headers(), METHODS[method].kind);
        Some(Call::begin(Arc::clone(self), method))
    }

    fn count_request(&self, headers: &HeaderMap, kind: Kind) {
        let version = headers.get(VERSION_HEADER).map_or(UNKNOWN.as_bytes(), |version| version.as_bytes());
        let (known, requests) = self.version.get_or_init(|| (version.into(), self.look_up(version)));
        if **known == *version {
            count(requests, kind);
        } else {
            count(&self.look_up(version), kind);
        }
    }

    fn look_up(&self, version: &[u8]) -> Arc<Requests> {
        self.metrics.clients.of(&String::from_utf8_lossy(version))
    }
}

fn count(requests: &Requests, kind: Kind) {
    match kind {
        Kind::Unary => requests.unary.increment(),
        Kind::ServerStream | Kind::BidiStream => requests.stream.increment(),
    }
}

/// An open connection is counted while this is kept.
#[derive(Debug)]
pub(crate) struct Open(Arc<Metrics>);

impl Open {
    pub(crate) fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(metrics))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
