//! All that is not gRPC: the pages that probes and people ask, and the way to the JSON gateway.

mod access;
mod health;
mod page;
mod probe;
mod query;
mod response;
mod vars;

use ::http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use storage_core::Store;

use self::access::AccessControl;
use self::page::Page;
use self::query::Query;
pub(crate) use self::response::response;
use super::body::Body;
use super::peer::Peer;
use super::reply::Reply;
use super::request::RequestBody;
use super::role::Role;
use super::router::Router;
use crate::gateway;
use crate::options::{EmulatedVersion, ServerOptions};

/// What all plain HTTP requests share.
#[derive(Clone)]
pub(super) struct Http {
    store: Store,
    version: EmulatedVersion,
    access: AccessControl,
    /// Whether requests in JSON are answered.
    gateway: bool,
    max_message_bytes: usize,
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
        if !self.peer().secure
            && let Some(refusal) = http.access.refusal(&request)
        {
            return Reply::response(refusal);
        }
        let (access, origin) = (http.access.clone(), access::origin(&request));
        let reply = if request.method() == Method::OPTIONS {
            Reply::response(Response::new(Body::Empty))
        } else {
            match gateway::path_of(request.uri().path()) {
                Some(path) if http.gateway => self.answer_json(path, request),
                _ => http.answer_page(&request, self.role()),
            }
        };
        reply.map_headers(move |headers| access.allow_origin(origin.as_ref(), headers))
    }
}

impl Router {
    /// The call goes the way of all others, but not in the name of the client's certificate: as in etcd, the gateway is the
    /// client then, and a request for someone brings a token.
    fn answer_json(&self, path: String, request: Request<RequestBody>) -> Reply {
        let router = self.for_connection(Role::Grpc, Peer::default());
        let max_bytes = self.http().max_message_bytes;
        Reply::ours(async move {
            let call = |request| async move {
                let Ok(response) = router.route(request).await;
                response
            };
            gateway::answer(&path, request, max_bytes, call).await
        })
    }
}

impl Http {
    /// Reads `store` whoever asks: nothing that a page shows is anyone's key.
    pub(super) fn new(store: Store, options: &ServerOptions) -> Self {
        let access = AccessControl::new(&options.http.origins, &options.http.hosts);
        let max_message_bytes = options.max_message_bytes();
        Self { store, version: options.version, access, gateway: options.http.gateway, max_message_bytes }
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
            Page::Health => health::health(&self.store, query).await,
            Page::Version => response::json(&self.version()),
            Page::Probe(probe, only) => probe.answer(only, &self.store, query).await,
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
