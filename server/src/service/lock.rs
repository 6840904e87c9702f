//! `v3lockpb.Lock`.

use std::sync::Arc;

use bytes::Bytes;
use proto::v3lockpb::lock_server::Lock;
use proto::v3lockpb::{LockRequest, LockResponse, UnlockRequest, UnlockResponse};
use storage_core::{DeleteRangeRequest, KeyRange, StoreError};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::concurrency::{Place, Queue, forwarded, session, to_its_end};
use crate::access::{Access, Lasting};
use crate::header;

const SESSION_EXPIRED: &str = "mutex: session is expired";

/// Locks that live as long as a lease.
pub(crate) struct LockService {
    access: Arc<Access>,
    drain: CancellationToken,
}

impl LockService {
    /// `drain` ends the waiting.
    pub(crate) fn new(access: Arc<Access>, drain: CancellationToken) -> Self {
        Self { access, drain }
    }
}

#[tonic::async_trait]
impl Lock for LockService {
    /// Waits for its turn.
    async fn lock(&self, request: Request<LockRequest>) -> Result<Response<LockResponse>, Status> {
        let client = self.access.lasting_store_for(&request)?;
        to_its_end(&self.drain, |left| lock(client, request.into_inner(), left)).await.map(Response::new)
    }

    /// Whose lock it is makes no difference, nor whether it is one.
    async fn unlock(&self, request: Request<UnlockRequest>) -> Result<Response<UnlockResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let UnlockRequest { key } = request.into_inner();
        if key.is_empty() {
            return Err(forwarded(StoreError::EmptyKey));
        }
        let delete = DeleteRangeRequest { keys: KeyRange::single((&key[..]).into()), prev_kv: false };
        let deleted = store.delete_range(delete).await.map_err(forwarded)?;
        Ok(Response::new(UnlockResponse { header: header::at(&store, deleted.revision) }))
    }
}

async fn lock(client: Lasting, request: LockRequest, left: CancellationToken) -> Result<LockResponse, Status> {
    let store = client.store();
    let lease = session(&store, request.lease).await?;
    let taken = Place::take(Queue::new(client, &request.name), lease, Bytes::new()).await?;
    let seen = taken.wait(&left, SESSION_EXPIRED).await?;
    let key = Bytes::copy_from_slice(&taken.place.key);
    Ok(LockResponse { header: header::at(&store, seen.unwrap_or(taken.revision)), key })
}
