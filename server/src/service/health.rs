//! `grpc.health.v1.Health`, for the server as a whole: the service named "".

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use storage_core::Store;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::status;

/// How soon a client that watches learns of a change.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Whether the storage works.
pub(crate) struct HealthService {
    store: Store,
    drain: CancellationToken,
}

impl HealthService {
    /// `drain` ends the streams.
    pub(crate) fn new(store: Store, drain: CancellationToken) -> Self {
        Self { store, drain }
    }
}

fn check(service: &str) -> Result<(), Status> {
    if service.is_empty() { Ok(()) } else { Err(Status::not_found("unknown service")) }
}

fn serving(store: &Store) -> ServingStatus {
    match store.status().failure {
        None => ServingStatus::Serving,
        Some(_) => ServingStatus::NotServing,
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status as i32 }
}

#[tonic::async_trait]
impl Health for HealthService {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        check(&request.get_ref().service)?;
        Ok(Response::new(response(serving(&self.store))))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let stopped = stream::once({
            let drain = self.drain.clone();
            async move {
                drain.cancelled().await;
                Err(status::stopped())
            }
        });
        if check(&request.get_ref().service).is_err() {
            let unknown = stream::iter([Ok(response(ServingStatus::ServiceUnknown))]);
            return Ok(Response::new(unknown.chain(stopped).boxed()));
        }
        let (store, drain) = (self.store.clone(), self.drain.clone());
        let changes = stream::unfold(None, move |last| {
            let (store, drain) = (store.clone(), drain.clone());
            async move {
                while last == Some(serving(&store)) {
                    tokio::select! {
                        () = drain.cancelled() => return None,
                        () = tokio::time::sleep(WATCH_INTERVAL) => {}
                    }
                }
                let now = serving(&store);
                Some((Ok(response(now)), Some(now)))
            }
        });
        Ok(Response::new(changes.chain(stopped).boxed()))
    }
}
