//! `etcdserverpb.Lease`.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::etcdserverpb::lease_server::Lease;
use proto::etcdserverpb::{
    LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseLeasesRequest,
    LeaseLeasesResponse, LeaseRevokeRequest, LeaseRevokeResponse, LeaseStatus, LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
};
use storage_core::LeaseId;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Request, Response, Status, Streaming};

use crate::access::{Access, Client};
use crate::{header, status};

/// Renewals of one stream that are on their way together. A client sends those of all its leases on one stream, and sends
/// them again while it has no answer: one after the other, each waiting for the disk, they would never catch up.
const RENEWALS_AT_ONCE: usize = 256;

/// Leases and their renewal.
pub(crate) struct LeaseService {
    access: Arc<Access>,
    drain: CancellationToken,
}

impl LeaseService {
    /// `drain` ends the streams.
    pub(crate) fn new(access: Arc<Access>, drain: CancellationToken) -> Self {
        Self { access, drain }
    }
}

#[tonic::async_trait]
impl Lease for LeaseService {
    async fn lease_grant(&self, request: Request<LeaseGrantRequest>) -> Result<Response<LeaseGrantResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let LeaseGrantRequest { ttl, id } = request.into_inner();
        let grant = store.lease_grant(LeaseId(id), ttl).await.map_err(status::of)?;
        Ok(Response::new(LeaseGrantResponse {
            header: header::at(&store, grant.revision),
            id: grant.id.0,
            ttl: grant.ttl,
            error: String::new(),
        }))
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let revision = store.lease_revoke(LeaseId(request.get_ref().id)).await.map_err(status::of)?;
        Ok(Response::new(LeaseRevokeResponse { header: header::at(&store, revision) }))
    }

    type LeaseKeepAliveStream = BoxStream<'static, Result<LeaseKeepAliveResponse, Status>>;

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        let client = Client::new(&self.access, &request);
        let answers = request.into_inner().map(move |request| renew(client.clone(), request));
        let renewals = Renewals {
            answers: answers.buffered(RENEWALS_AT_ONCE).boxed(),
            drain: Box::pin(self.drain.clone().cancelled_owned()),
        };
        let responses = stream::unfold(Some(renewals), |renewals| async {
            let mut renewals = renewals?;
            match renewals.next().await? {
                Ok(response) => Some((Ok(response), Some(renewals))),
                Err(status) => Some((Err(status), None)),
            }
        });
        Ok(Response::new(responses.boxed()))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let LeaseTimeToLiveRequest { id, keys } = request.into_inner();
        let lease = store.lease_time_to_live(LeaseId(id), keys).await.map_err(status::of)?;
        Ok(Response::new(LeaseTimeToLiveResponse {
            header: header::at(&store, lease.revision),
            id: lease.id.0,
            ttl: lease.ttl,
            granted_ttl: lease.granted_ttl,
            keys: lease.keys.iter().map(|key| Bytes::copy_from_slice(key)).collect(),
        }))
    }

    async fn lease_leases(
        &self,
        request: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let (revision, ids) = store.leases().await.map_err(status::of)?;
        Ok(Response::new(LeaseLeasesResponse {
            header: header::at(&store, revision),
            leases: ids.into_iter().map(|id| LeaseStatus { id: id.0 }).collect(),
        }))
    }
}

/// One stream of renewals: one answer for each request, in order.
struct Renewals {
    answers: BoxStream<'static, Result<LeaseKeepAliveResponse, Status>>,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Renewals {
    async fn next(&mut self) -> Option<Result<LeaseKeepAliveResponse, Status>> {
        tokio::select! {
            () = &mut self.drain => Some(Err(status::stopped())),
            answer = self.answers.next() => answer,
        }
    }
}

/// A lease that is not there is answered with a time to live of 0; the stream goes on.
async fn renew(
    client: Client,
    request: Result<LeaseKeepAliveRequest, Status>,
) -> Result<LeaseKeepAliveResponse, Status> {
    let id = LeaseId(request.map_err(status::of_transport)?.id);
    let store = client.store()?;
    let renewed = store.lease_keep_alive(id).await.map_err(status::of)?;
    Ok(LeaseKeepAliveResponse { header: header::at(&store, renewed.revision), id: renewed.id.0, ttl: renewed.ttl })
}
