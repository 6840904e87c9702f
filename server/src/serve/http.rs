//! The plain HTTP paths beside gRPC, which probes and people ask.

use ::http::header::{ALLOW, CONTENT_TYPE};
use ::http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use storage_core::{KeyRange, RangeRequest, Store};

use super::body::Body;
use crate::convert;
use crate::options::EmulatedVersion;

/// Answers `/health` and `/version` as etcd does.
#[derive(Clone)]
pub(super) struct HttpPaths {
    store: Store,
    version: EmulatedVersion,
}

/// etcd's answer of `/health`; a string, not a boolean.
#[derive(Serialize)]
struct Health {
    health: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct Version {
    etcdserver: String,
    etcdcluster: String,
    storage: String,
}

impl HttpPaths {
    pub(super) fn new(store: Store, version: EmulatedVersion) -> Self {
        Self { store, version }
    }

    pub(super) fn answer<B>(self, request: &Request<B>) -> impl Future<Output = Response<Body>> + Send + use<B> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let is_get = request.method() == Method::GET;
        async move {
            match path.as_str() {
                "/health" | "/version" if !is_get => method_not_allowed(),
                "/health" => self.health(&query).await,
                "/version" => self.version(),
                _ => text(StatusCode::NOT_FOUND, "404 page not found\n"),
            }
        }
    }

    fn version(&self) -> Response<Body> {
        let cluster = self.version.cluster().to_string();
        let version = Version { etcdserver: self.version.to_string(), etcdcluster: cluster.clone(), storage: cluster };
        json(StatusCode::OK, &version)
    }

    async fn health(&self, query: &str) -> Response<Body> {
        match self.sickness(query).await {
            None => json(StatusCode::OK, &Health { health: "true", reason: String::new() }),
            Some(reason) => {
                tracing::warn!(reason, "/health answers that the server is not healthy");
                json(StatusCode::SERVICE_UNAVAILABLE, &Health { health: "false", reason })
            }
        }
    }

    /// What is wrong, if something is: an alarm that `query` does not exclude, the storage, or reading.
    async fn sickness(&self, query: &str) -> Option<String> {
        let parameters = || query.split('&').filter_map(|pair| pair.split_once('='));
        let status = self.store.status();
        for alarm in status.alarms {
            let name = convert::alarm_type(alarm.kind).as_str_name();
            if !parameters().any(|(key, value)| key == "exclude" && value == name) {
                return Some(format!("ALARM {name}"));
            }
        }
        if let Some(cause) = status.failure {
            return Some(format!("STORAGE ERROR:{cause}"));
        }
        let serializable = parameters().any(|pair| pair == ("serializable", "true"));
        let probe = KeyRange::new(b"\0", b"");
        let read = RangeRequest { serializable, keys_only: true, limit: 1, ..RangeRequest::new(probe) };
        self.store.range(read).await.err().map(|error| format!("RANGE ERROR:{error}"))
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_string(body).expect("strings are always JSON");
    response(status, "application/json", body)
}

fn text(status: StatusCode, body: &str) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", body.to_owned())
}

fn method_not_allowed() -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Tonic(tonic::body::Body::new(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
