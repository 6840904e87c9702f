//! `etcdserverpb.Maintenance`.

mod downgrade;
mod told;

use std::sync::Arc;

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::maintenance_server::Maintenance;
use proto::etcdserverpb::{
    AlarmMember, AlarmRequest, AlarmResponse, DefragmentRequest, DefragmentResponse, DowngradeInfo, DowngradeRequest,
    DowngradeResponse, HashKvRequest, HashKvResponse, HashRequest, HashResponse, MoveLeaderRequest, MoveLeaderResponse,
    SnapshotRequest, StatusRequest, StatusResponse,
};
use storage_core::{Alarm, Durability, Revision, Store, StoreStatus};
use tonic::{Request, Response, Status};

use self::told::ToldHashes;
use crate::access::Access;
use crate::options::{EmulatedVersion, ServerOptions};
use crate::snapshot::{Origin, SnapshotStream, Snapshots};
use crate::{convert, header, status};

/// What operators ask for.
pub(crate) struct MaintenanceService {
    access: Arc<Access>,
    version: EmulatedVersion,
    snapshots: Snapshots,
    told: ToldHashes,
}

impl MaintenanceService {
    pub(crate) fn new(access: Arc<Access>, options: &ServerOptions) -> Self {
        let origin = Origin { member: options.member.clone(), version: options.version };
        let directory = options.snapshot_dir.clone().unwrap_or_else(std::env::temp_dir);
        Self {
            access,
            version: options.version,
            snapshots: Snapshots::new(origin, directory),
            told: ToldHashes::default(),
        }
    }

    /// The store for the sender of `request`, if that is root.
    fn admins_store<M>(&self, request: &Request<M>) -> Result<Store, Status> {
        let store = self.access.store_for(request)?;
        store.check_admin().map_err(status::of_auth)?;
        Ok(store)
    }

    async fn change_alarm(store: &Store, request: &AlarmRequest) -> Result<Vec<Alarm>, Status> {
        let kind = convert::alarm_kind(request.alarm);
        match (AlarmAction::try_from(request.action), kind) {
            (Ok(AlarmAction::Get), kind) => {
                let alarms = store.alarms().await.map_err(status::of)?;
                Ok(alarms.into_iter().filter(|alarm| kind.is_none_or(|kind| kind == alarm.kind)).collect())
            }
            (Ok(AlarmAction::Activate), Some(kind)) => {
                store.raise_alarm(request.member_id, kind).await.map_err(status::of)
            }
            (Ok(AlarmAction::Deactivate), Some(kind)) => {
                store.disarm_alarm(request.member_id, kind).await.map_err(status::of)
            }
            (Ok(AlarmAction::Activate | AlarmAction::Deactivate) | Err(_), _) => {
                store.check_admin().map_err(status::of_auth)?;
                Ok(Vec::new())
            }
        }
    }
}

#[tonic::async_trait]
impl Maintenance for MaintenanceService {
    async fn alarm(&self, request: Request<AlarmRequest>) -> Result<Response<AlarmResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let alarms = Self::change_alarm(&store, request.get_ref()).await?;
        Ok(Response::new(AlarmResponse {
            header: header::at(&store, store.revision()),
            alarms: alarms.into_iter().map(alarm_member).collect(),
        }))
    }

    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let store = self.access.store_for(&request)?;
        store.check_identity().map_err(status::of_auth)?;
        let identity = store.identity();
        let status = store.status();
        Ok(Response::new(StatusResponse {
            header: header::at(&store, status.revision),
            version: self.version.to_string(),
            db_size: signed(status.size.allocated),
            db_size_in_use: signed(status.size.in_use),
            // etcd shows a quota that is off as a negative one.
            db_size_quota: status.quota_bytes.map_or(-1, signed),
            leader: identity.member_id,
            raft_term: identity.term,
            raft_index: status.position.0,
            raft_applied_index: status.position.0,
            errors: errors(&status),
            is_learner: false,
            storage_version: self.version.cluster().to_string(),
            downgrade_info: Some(downgrade_info(&store)),
        }))
    }

    /// Online, and as in etcd without a header.
    async fn defragment(&self, request: Request<DefragmentRequest>) -> Result<Response<DefragmentResponse>, Status> {
        let store = self.admins_store(&request)?;
        tracing::info!("defragmentation begins");
        store.defragment().await.map_err(|error| {
            tracing::warn!(%error, "defragmentation failed");
            status::of(error)
        })?;
        tracing::info!("defragmentation is done");
        Ok(Response::new(DefragmentResponse::default()))
    }

    async fn hash(&self, request: Request<HashRequest>) -> Result<Response<HashResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let (revision, hash) = store.hash().await.map_err(status::of)?;
        Ok(Response::new(HashResponse { header: header::at(&store, revision), hash }))
    }

    async fn hash_kv(&self, request: Request<HashKvRequest>) -> Result<Response<HashKvResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let hashed = store.hash_kv(Revision(request.get_ref().revision)).await.map_err(status::of)?;
        let hashed = self.told.settle(hashed);
        Ok(Response::new(HashKvResponse {
            header: header::at(&store, hashed.revision),
            hash: hashed.hash,
            compact_revision: hashed.compact_revision.0,
            hash_revision: hashed.hash_revision.0,
        }))
    }

    type SnapshotStream = SnapshotStream;

    /// Only its begin is checked, as in etcd.
    async fn snapshot(&self, request: Request<SnapshotRequest>) -> Result<Response<SnapshotStream>, Status> {
        self.admins_store(&request)?;
        Ok(Response::new(self.snapshots.stream(self.access.unchecked().clone())))
    }

    /// The only member is the leader. As in etcd the answer has no header.
    async fn move_leader(&self, request: Request<MoveLeaderRequest>) -> Result<Response<MoveLeaderResponse>, Status> {
        let store = self.admins_store(&request)?;
        if request.get_ref().target_id != store.identity().member_id {
            return Err(status::bad_leader_transferee());
        }
        Ok(Response::new(MoveLeaderResponse::default()))
    }

    async fn downgrade(&self, request: Request<DowngradeRequest>) -> Result<Response<DowngradeResponse>, Status> {
        let store = self.admins_store(&request)?;
        downgrade::downgrade(&store, self.version, request.get_ref()).await?;
        Ok(Response::new(DowngradeResponse {
            header: header::at(&store, store.revision()),
            version: self.version.major_minor(),
        }))
    }
}

fn alarm_member(alarm: Alarm) -> AlarmMember {
    AlarmMember { member_id: alarm.member_id, alarm: convert::alarm_type(alarm.kind) as i32 }
}

fn downgrade_info(store: &Store) -> DowngradeInfo {
    let cluster = store.cluster();
    let target_version = cluster.downgrade().unwrap_or_default().to_owned();
    DowngradeInfo { enabled: cluster.downgrade().is_some(), target_version }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What is wrong, one line each: alarms as etcd prints them, a failure of the storage, a weakened durability.
fn errors(status: &StoreStatus) -> Vec<String> {
    let alarms = status.alarms.iter().map(|alarm| {
        let kind = convert::alarm_type(alarm.kind).as_str_name();
        format!("memberID:{} alarm:{kind} ", alarm.member_id)
    });
    let failure = status.failure.iter().map(|cause| format!("storage has failed: {cause}"));
    let weakened = (status.backend.durability == Durability::OsCache)
        .then(|| "writes are answered before they are synced to the disk".to_owned());
    alarms.chain(failure).chain(weakened).collect()
}
