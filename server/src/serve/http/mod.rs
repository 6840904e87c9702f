//! All that is not gRPC: the pages that probes and people ask, and the way to the JSON gateway.

mod access;
mod health;
mod metrics;
mod page;
mod probe;
mod query;
mod redirect;
mod response;
mod vars;

use std::sync::Arc;

use ::http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use storage_core::Store;
use tokio_util::task::TaskTracker;

use self::access::AccessControl;
use self::page::Page;
use self::query::Query;
pub(crate) use self::response::{error, response};
use super::Stop;
use super::body::Body;
use super::peer::Peer;
use super::reply::Reply;
use super::request::RequestBody;
use super::role::Role;
use super::router::Router;
use crate::gateway;
use crate::metrics::Metrics;
use crate::options::{EmulatedVersion, ServerOptions};

/// What all plain HTTP requests share.
#[derive(Clone)]
pub(super) struct Http {
    store: Store,
    metrics: Arc<Metrics>,
    version: EmulatedVersion,
    access: AccessControl,
    /// Whether requests in JSON are answered.
    gateway: bool,
    max_message_bytes: usize,
    /// What outlives the connection that it began on.
    tasks: TaskTracker,
    stop: Stop,
}

#[derive(Serialize)]
struct Version {
    etcdserver: String,
    etcdcluster: String,
    storage: String,
}

impl Router {
    /// Answers a request that is not gRPC's, on a listener that serves such requests.
    pub(super) fn answer_http(&self, request: Request<RequestBody>) -> Reply {
        let http = self.http();
        if self.role() == Role::Monitoring {
            return http.answer_page(&request, Role::Monitoring);
        }
        if let Some(refusal) = self.refusal(&request) {
            return Reply::response(refusal);
        }
        let (access, origin) = (http.access.clone(), access::origin(&request));
        let reply = self.answer_admitted(request);
        reply.map_headers(move |headers| access.allow_origin(origin.as_ref(), headers))
    }

    /// Why nothing is looked at in this request.
    fn refusal(&self, request: &Request<RequestBody>) -> Option<Response<Body>> {
        let (http, peer) = (self.http(), self.peer());
        if !peer.secure {
            return http.access.refusal(request);
        }
        // Whoever shows a certificate that names a user expects to be that user. etcd's words.
        let is_misled = peer.common_name.as_deref().is_some_and(|name| !name.is_empty())
            && http.gateway
            && gateway::path_of(request.uri().path()).is_some()
            && http.store.auth_enabled();
        let words = "CommonName of client sending a request against gateway will be ignored and not used as expected";
        is_misled.then(|| error(StatusCode::BAD_REQUEST, words))
    }

    fn answer_admitted(&self, request: Request<RequestBody>) -> Reply {
        let http = self.http();
        if request.method() == Method::OPTIONS {
            return Reply::response(Response::new(Body::Empty));
        }
        if let Some(redirect) = redirect::redirect(&request) {
            return Reply::response(redirect);
        }
        match gateway::path_of(request.uri().path()) {
            Some(path) if http.gateway => self.answer_json(path, request),
            _ => http.answer_page(&request, self.role()),
        }
    }

    /// The call goes the way of all others, but not in the name of the client's certificate: as in etcd, the gateway is the
    /// client then, and a request for someone brings a token.
    fn answer_json(&self, path: String, request: Request<RequestBody>) -> Reply {
        let router = self.for_connection(Role::Grpc, Peer::default());
        let max_bytes = self.http().max_message_bytes;
        let call = |request| async move {
            let Ok(response) = router.route(request).await;
            response
        };
        if gateway::is_websocket(&request) {
            return Reply::response(self.answer_websocket(path, request, call));
        }
        Reply::ours(async move { gateway::answer(&path, request, max_bytes, call).await })
    }

    /// A browser lets every page open a WebSocket anywhere, and leaves it to the server to look at where the page comes from.
    fn answer_websocket<F>(
        &self,
        path: String,
        request: Request<RequestBody>,
        call: impl FnOnce(Request<RequestBody>) -> F + Send + 'static,
    ) -> Response<Body>
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let http = self.http();
        if access::origin(&request).is_some_and(|origin| !http.access.allows(&origin)) {
            return error(StatusCode::FORBIDDEN, "Forbidden");
        }
        let (response, session) = gateway::open_websocket(path, request, http.max_message_bytes, call);
        if let Some(session) = session {
            let cut_off = http.stop.cut_off.clone();
            http.tasks.spawn(async move {
                tokio::select! {
                    () = session => {}
                    () = cut_off.cancelled() => {}
                }
            });
        }
        response
    }
}

impl Http {
    /// Reads `store` whoever asks: nothing that a page shows is anyone's key.
    pub(super) fn new(
        store: Store,
        metrics: Arc<Metrics>,
        options: &ServerOptions,
        tasks: TaskTracker,
        stop: Stop,
    ) -> Self {
        let access = AccessControl::new(&options.http.origins, &options.http.hosts);
        let max_message_bytes = options.max_message_bytes();
        let (version, gateway) = (options.version, options.http.gateway);
        Self { store, metrics, version, access, gateway, max_message_bytes, tasks, stop }
    }

    fn answer_page(&self, request: &Request<RequestBody>, role: Role) -> Reply {
        let Some(page) = Page::find(request.uri().path(), role) else {
            return Reply::response(response::not_found());
        };
        if request.method() != Method::GET {
            return Reply::response(response::method_not_allowed());
        }
        let (http, query) = (self.clone(), request.uri().query().map(str::to_owned));
        Reply::ours(async move { http.show(page, Query::new(query.as_deref())).await })
    }

    async fn show(&self, page: Page, query: Query<'_>) -> Response<Body> {
        match page {
            Page::Health => health::health(&self.store, &self.metrics.health, query).await,
            Page::Metrics => metrics::metrics(&self.store, &self.metrics).await,
            Page::Version => response::json(&self.version()),
            Page::Probe(probe, only) => probe.answer(only, &self.store, &self.metrics.health, query).await,
            Page::Vars => response(StatusCode::OK, "application/json; charset=utf-8", self.vars()),
        }
    }

    fn version(&self) -> Version {
        let cluster = self.version.cluster().to_string();
        Version { etcdserver: self.version.to_string(), etcdcluster: cluster.clone(), storage: cluster }
    }

    fn vars(&self) -> String {
        response::to_json(&vars::Vars::of(&self.store)) + "\n"
    }
}
