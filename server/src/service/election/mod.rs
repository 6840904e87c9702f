//! `v3electionpb.Election`.

mod observe;

use std::sync::Arc;

use futures_util::stream::BoxStream;
use proto::v3electionpb::election_server::Election;
use proto::v3electionpb::{
    CampaignRequest, CampaignResponse, LeaderKey, LeaderRequest, LeaderResponse, ProclaimRequest, ProclaimResponse,
    ResignRequest, ResignResponse,
};
use storage_core::{LeaseId, TxnResponse};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::concurrency::{Place, Queue, forwarded, session, to_its_end};
use crate::access::{Access, Lasting};
use crate::{convert, header};

const NOT_LEADER: &str = "election: not leader";
const NO_LEADER: &str = "election: no leader";
const NO_LEADER_FIELD: &str = "\"leader\" field must be provided";

/// Elections of the holder of a lease.
pub(crate) struct ElectionService {
    access: Arc<Access>,
    drain: CancellationToken,
}

impl ElectionService {
    /// `drain` ends the waiting and the streams.
    pub(crate) fn new(access: Arc<Access>, drain: CancellationToken) -> Self {
        Self { access, drain }
    }
}

#[tonic::async_trait]
impl Election for ElectionService {
    /// Waits until it has won.
    async fn campaign(&self, request: Request<CampaignRequest>) -> Result<Response<CampaignResponse>, Status> {
        let client = self.access.lasting_store_for(&request)?;
        to_its_end(&self.drain, |left| campaign(client, request.into_inner(), left)).await.map(Response::new)
    }

    async fn proclaim(&self, request: Request<ProclaimRequest>) -> Result<Response<ProclaimResponse>, Status> {
        let client = self.access.lasting_store_for(&request)?;
        let ProclaimRequest { leader, value } = request.into_inner();
        let leader = leader.ok_or_else(|| Status::unknown(NO_LEADER_FIELD))?;
        let lease = session(&client.store(), leader.lease).await?;
        let response = place(&client, &leader).set(lease, value).await.map_err(forwarded)?;
        let revision = still_leader(&response)?.revision;
        Ok(Response::new(ProclaimResponse { header: header::at(self.access.unchecked(), revision) }))
    }

    async fn leader(&self, request: Request<LeaderRequest>) -> Result<Response<LeaderResponse>, Status> {
        let client = self.access.lasting_store_for(&request)?;
        let first = Queue::new(client, &request.get_ref().name).first().await?;
        let leader = first.kvs.into_iter().next().ok_or_else(|| Status::unknown(NO_LEADER))?;
        let header = header::at(self.access.unchecked(), first.revision);
        Ok(Response::new(LeaderResponse { header, kv: Some(convert::key_value(leader)) }))
    }

    type ObserveStream = BoxStream<'static, Result<LeaderResponse, Status>>;

    async fn observe(&self, request: Request<LeaderRequest>) -> Result<Response<Self::ObserveStream>, Status> {
        let queue = Queue::new(self.access.lasting_store_for(&request)?, &request.get_ref().name);
        Ok(Response::new(observe::observe(queue, self.drain.clone())))
    }

    /// One who is not the leader resigns without an error.
    async fn resign(&self, request: Request<ResignRequest>) -> Result<Response<ResignResponse>, Status> {
        let client = self.access.lasting_store_for(&request)?;
        let leader = request.into_inner().leader.ok_or_else(|| Status::unknown(NO_LEADER_FIELD))?;
        let response = place(&client, &leader).leave().await.map_err(forwarded)?;
        Ok(Response::new(ResignResponse { header: header::at(self.access.unchecked(), response.revision) }))
    }
}

async fn campaign(
    client: Lasting,
    request: CampaignRequest,
    left: CancellationToken,
) -> Result<CampaignResponse, Status> {
    let CampaignRequest { name, lease, value } = request;
    let store = client.store();
    let lease = session(&store, lease).await?;
    let taken = Place::take(Queue::new(client, &name), lease, value.clone()).await?;
    if taken.held.as_ref().is_some_and(|held| *held != value) {
        replace(&taken.place, lease, value).await?;
    }
    taken.wait(&left, NOT_LEADER).await?;
    let key = bytes::Bytes::copy_from_slice(&taken.place.key);
    Ok(CampaignResponse {
        header: header::at(&store, taken.revision),
        leader: Some(LeaderKey { name, key, rev: taken.place.created.0, lease: lease.0 }),
    })
}

/// Puts another value in a place that the lease has had before, and leaves it if that fails.
async fn replace(place: &Place, lease: LeaseId, value: bytes::Bytes) -> Result<(), Status> {
    let set = place.set(lease, value).await.map_err(forwarded);
    let failure = match set.as_ref().map(still_leader) {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(status)) => status,
        Err(status) => status.clone(),
    };
    let _ = place.leave().await;
    Err(failure)
}

fn still_leader(response: &TxnResponse) -> Result<&TxnResponse, Status> {
    if response.succeeded { Ok(response) } else { Err(Status::unknown(NOT_LEADER)) }
}

fn place(client: &Lasting, leader: &LeaderKey) -> Place {
    Place::of(Queue::new(client.clone(), &leader.name), &leader.key, leader.rev)
}
