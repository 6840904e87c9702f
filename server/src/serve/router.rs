use std::sync::Arc;

use ::http::{HeaderMap, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use proto::etcdserverpb::WatchRequest;
use proto::etcdserverpb::auth_server::AuthServer;
use proto::etcdserverpb::cluster_server::ClusterServer;
use proto::etcdserverpb::lease_server::LeaseServer;
use proto::etcdserverpb::maintenance_server::MaintenanceServer;
use proto::v3electionpb::election_server::ElectionServer;
use proto::v3lockpb::lock_server::LockServer;
use storage_core::Store;
use tokio_util::task::TaskTracker;
use tonic::Streaming;
use tonic::codegen::Service as _;
use tonic_health::pb::health_server::HealthServer;
use tonic_prost::ProstDecoder;

use super::Stop;
use super::body::Body;
use super::counted::Counted;
use super::http::Http;
use super::kv::KvRoutes;
use super::peer::Peer;
use super::reply::Reply;
use super::request::RequestBody;
use super::role::Role;
use super::unary::response;
use crate::access::{Access, Client, note_common_name};
use crate::metrics::{Connection, Metrics};
use crate::options::ServerOptions;
use crate::service::{
    AuthService, ClusterService, ElectionService, FrameStream, HealthService, KvService, LeaseService, LockService,
    MaintenanceService, WatchService,
};
use crate::status;
use crate::traces::Traces;

/// Finds the service that a request is for. There is nothing between the connection and the service but this.
#[derive(Clone)]
pub(super) struct Router {
    services: Arc<Services>,
    /// Whose requests these are.
    peer: Peer,
    /// Where they come in.
    role: Role,
    /// Counts them.
    calls: Arc<Connection>,
}

struct Services {
    access: Arc<Access>,
    kv: KvRoutes,
    watch: WatchService,
    lease: LeaseServer<LeaseService>,
    auth: AuthServer<AuthService>,
    cluster: ClusterServer<ClusterService>,
    maintenance: MaintenanceServer<MaintenanceService>,
    lock: LockServer<LockService>,
    election: ElectionServer<ElectionService>,
    health: HealthServer<HealthService>,
    http: Http,
    traces: Option<Traces>,
    /// Requests above this size are not read.
    max_bytes: usize,
}

impl Router {
    pub(super) fn new(store: &Store, options: &ServerOptions, tasks: TaskTracker, stop: &Stop) -> Self {
        let drain = stop.drain.clone();
        let max_bytes = options.max_message_bytes();
        let access = Arc::new(Access::new(store.clone(), &options.auth));
        let metrics = Metrics::new(options.version, options.metrics);
        let kv = KvService::new(options);
        let watch = WatchService::new(options.clone(), drain.clone());
        let services = Services {
            kv: KvRoutes::new(kv, Arc::clone(&access), max_bytes),
            watch,
            lease: LeaseServer::new(LeaseService::new(Arc::clone(&access), drain.clone()))
                .max_decoding_message_size(max_bytes),
            auth: AuthServer::new(AuthService::new(Arc::clone(&access))).max_decoding_message_size(max_bytes),
            cluster: ClusterServer::new(ClusterService::new(Arc::clone(&access), options.member.clone()))
                .max_decoding_message_size(max_bytes),
            maintenance: MaintenanceServer::new(MaintenanceService::new(Arc::clone(&access), options))
                .max_decoding_message_size(max_bytes),
            lock: LockServer::new(LockService::new(Arc::clone(&access), drain.clone()))
                .max_decoding_message_size(max_bytes),
            election: ElectionServer::new(ElectionService::new(Arc::clone(&access), drain.clone()))
                .max_decoding_message_size(max_bytes),
            health: HealthServer::new(HealthService::new(store.clone(), drain)),
            http: Http::new(store.clone(), Arc::clone(&metrics), options, tasks, stop.clone()),
            traces: options.traces.clone(),
            max_bytes,
            access,
        };
        let calls = Connection::new(metrics);
        Self { services: Arc::new(services), peer: Peer::default(), role: Role::default(), calls }
    }

    /// The same for the connection of `peer` to a listener of `role`.
    pub(super) fn for_connection(&self, role: Role, peer: Peer) -> Self {
        let calls = Connection::new(Arc::clone(self.calls.metrics()));
        Self { services: Arc::clone(&self.services), peer, role, calls }
    }

    /// What the server counts.
    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        self.calls.metrics()
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn http(&self) -> &Http {
        &self.services.http
    }
}

impl hyper::service::Service<Request<Incoming>> for Router {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Counted;

    fn call(&self, request: Request<Incoming>) -> Counted {
        self.route(request.map(RequestBody::received))
    }
}

impl Router {
    pub(super) fn route(&self, request: Request<RequestBody>) -> Counted {
        if self.role == Role::Grpc && !is_grpc(&request) {
            return Counted::new(Reply::response(not_grpc()), None);
        }
        if !self.role.serves_grpc() || !is_grpc(&request) {
            return Counted::new(self.answer_http(request), None);
        }
        if !has_valid_client_version(request.headers()) {
            return Counted::new(Reply::status(status::invalid_client_api_version()), None);
        }
        let mut call = self.calls.begin(&request);
        if let (Some(call), Some(traces)) = (&mut call, &self.services.traces) {
            call.trace(traces, request.headers());
        }
        let request = match &call {
            Some(call) => request.map(|body| body.counted(call.meter())),
            None => request,
        };
        Counted::new(self.answer_call(request), call)
    }

    fn answer_call(&self, mut request: Request<RequestBody>) -> Reply {
        if let Some(name) = &self.peer.common_name
            && !request.body().is_made()
        {
            note_common_name(&mut request, name);
        }
        if !self.services.access.is_behind(&request) {
            return self.services.answer(request);
        }
        let services = Arc::clone(&self.services);
        Reply::ours(async move {
            let reply = match services.access.catch_up().await {
                Ok(()) => services.answer(request),
                Err(status) => Reply::status(status),
            };
            let Ok(response) = reply.await;
            response
        })
    }
}

impl Services {
    fn answer(&self, request: Request<RequestBody>) -> Reply {
        let path = request.uri().path().strip_prefix('/').unwrap_or_default();
        match path.split_once('/').unwrap_or_default() {
            ("etcdserverpb.KV", _) => self.kv.call(request),
            ("etcdserverpb.Watch", "Watch") => Reply::response(response(Ok(Body::Stream(self.watch(request))))),
            ("etcdserverpb.Lease", _) => Reply::Tonic(self.lease.clone().call(request)),
            ("etcdserverpb.Auth", _) => Reply::Tonic(self.auth.clone().call(request)),
            ("etcdserverpb.Cluster", _) => Reply::Tonic(self.cluster.clone().call(request)),
            ("etcdserverpb.Maintenance", _) => Reply::Tonic(self.maintenance.clone().call(request)),
            ("v3lockpb.Lock", _) => Reply::Tonic(self.lock.clone().call(request)),
            ("v3electionpb.Election", _) => Reply::Tonic(self.election.clone().call(request)),
            ("grpc.health.v1.Health", _) => Reply::Tonic(self.health.clone().call(request)),
            (service, _) => Reply::status(unknown_service(service)),
        }
    }

    fn watch(&self, request: Request<RequestBody>) -> FrameStream {
        let decoder = ProstDecoder::<WatchRequest>::default();
        let client = Client::new(&self.access, &request);
        let requests = Streaming::new_request(decoder, request.into_body(), None, Some(self.max_bytes));
        self.watch.watch(client, requests)
    }
}

/// etcd counts requests by their client's version, and refuses one that is not text.
fn has_valid_client_version(headers: &HeaderMap) -> bool {
    headers.get("client-api-version").is_none_or(|version| str::from_utf8(version.as_bytes()).is_ok())
}

/// Nothing else may reach a service: a web page can make its visitor's browser post any bytes to a local server, but not over
/// HTTP/2 without TLS, nor with this content type.
fn is_grpc<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(::http::header::CONTENT_TYPE).map(::http::HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(b"application/grpc"));
    request.version() == Version::HTTP_2 && matches!(rest, Some([] | [b'+' | b';', ..]))
}

/// grpc-go's answer, without the header that it repeats.
fn not_grpc() -> Response<Body> {
    let mut response = tonic::Status::invalid_argument("invalid gRPC request content-type").into_http();
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

fn unknown_service(service: &str) -> tonic::Status {
    tonic::Status::unimplemented(format!("unknown service {service}"))
}
