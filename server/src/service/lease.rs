//! `etcdserverpb.Lease`.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::etcdserverpb::lease_server::Lease;
use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseLeasesRequest,
    LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse, LeaseStatus, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
};
use storage_core::{LeaseId, Store};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Request, Response, Status, Streaming};

use crate::{header, status};

/// Leases and their renewal.
pub(crate) struct LeaseService {
    store: Store,
    drain: CancellationToken,
}

impl LeaseService {
    /// `drain` ends the streams.
    pub(crate) fn new(store: Store, drain: CancellationToken) -> Self {
        Self { store, drain }
    }
}

#[tonic::async_trait]
impl Lease for LeaseService {
    async fn lease_grant(&self, request: Request<LeaseGrantRequest>) -> Result<Response<LeaseGrantResponse>, Status> {
        let LeaseGrantRequest { ttl, id } = request.into_inner();
        let grant = self.store.lease_grant(LeaseId(id), ttl).await.map_err(status::of)?;
        Ok(Response::new(LeaseGrantResponse {
            header: header::at(&self.store, grant.revision),
            id: grant.id.0,
            ttl: grant.ttl,
            error: String::new(),
        }))
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        let revision = self.store.lease_revoke(LeaseId(request.get_ref().id)).await.map_err(status::of)?;
        Ok(Response::new(LeaseRevokeResponse { header: header::at(&self.store, revision) }))
    }

    type LeaseKeepAliveStream = BoxStream<'static, Result<LeaseKeepAliveResponse, Status>>;

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        let session = Session {
            store: self.store.clone(),
            requests: request.into_inner(),
            drain: Box::pin(self.drain.clone().cancelled_owned()),
        };
        let responses = stream::unfold(Some(session), |session| async {
            let mut session = session?;
            match session.next().await? {
                Ok(response) => Some((Ok(response), Some(session))),
                Err(status) => Some((Err(status), None)),
            }
        });
        Ok(Response::new(responses.boxed()))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let LeaseTimeToLiveRequest { id, keys } = request.into_inner();
        let lease = self.store.lease_time_to_live(LeaseId(id), keys).await.map_err(status::of)?;
        Ok(Response::new(LeaseTimeToLiveResponse {
            header: header::at(&self.store, lease.revision),
            id: lease.id.0,
            ttl: lease.ttl,
            granted_ttl: lease.granted_ttl,
            keys: lease.keys.iter().map(|key| Bytes::copy_from_slice(key)).collect(),
        }))
    }

    async fn lease_leases(
        &self,
        _request: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        let (revision, ids) = self.store.leases().await.map_err(status::of)?;
        Ok(Response::new(LeaseLeasesResponse {
            header: header::at(&self.store, revision),
            leases: ids.into_iter().map(|id| LeaseStatus { id: id.0 }).collect(),
        }))
    }
}

/// One stream of renewals: one answer for each request, in order.
struct Session {
    store: Store,
    requests: Streaming<LeaseKeepAliveRequest>,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Session {
    async fn next(&mut self) -> Option<Result<LeaseKeepAliveResponse, Status>> {
        let request = tokio::select! {
            () = &mut self.drain => return Some(Err(status::stopped())),
            request = self.requests.message() => request,
        };
        match request {
            Ok(Some(request)) => Some(self.renew(LeaseId(request.id)).await),
            Ok(None) => None,
            Err(status) => Some(Err(status)),
        }
    }

    /// A lease that is not there is answered with a time to live of 0; the stream goes on.
    async fn renew(&self, id: LeaseId) -> Result<LeaseKeepAliveResponse, Status> {
        let renewed = self.store.lease_keep_alive(id).await.map_err(status::of)?;
        Ok(LeaseKeepAliveResponse {
            header: header::at(&self.store, renewed.revision),
            id: renewed.id.0,
            ttl: renewed.ttl,
        })
    }
}
