//! `etcdserverpb.Cluster`: one member, this server.

use proto::etcdserverpb::cluster_server::Cluster;
use proto::etcdserverpb::{
    Member, MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse, MemberPromoteRequest,
    MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest, MemberUpdateResponse,
};
use storage_core::Store;
use tonic::{Request, Response, Status};

use crate::options::MemberOptions;
use crate::{header, status};

const ONE_MEMBER: &str = "this server is the only member there can be";

/// Who is in the cluster.
pub(crate) struct ClusterService {
    store: Store,
    member: MemberOptions,
}

impl ClusterService {
    pub(crate) fn new(store: Store, member: MemberOptions) -> Self {
        Self { store, member }
    }
}

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_list(&self, _request: Request<MemberListRequest>) -> Result<Response<MemberListResponse>, Status> {
        let member = Member {
            id: self.store.identity().member_id,
            name: self.member.name.clone(),
            peer_ur_ls: self.member.peer_urls.clone(),
            client_ur_ls: self.member.client_urls.clone(),
            is_learner: false,
        };
        Ok(Response::new(MemberListResponse { header: header::of_cluster(&self.store), members: vec![member] }))
    }

    async fn member_add(&self, _request: Request<MemberAddRequest>) -> Result<Response<MemberAddResponse>, Status> {
        Err(status::not_offered(ONE_MEMBER))
    }

    async fn member_remove(
        &self,
        _request: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        Err(status::not_offered(ONE_MEMBER))
    }

    async fn member_update(
        &self,
        _request: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        Err(status::not_offered(ONE_MEMBER))
    }

    async fn member_promote(
        &self,
        _request: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        Err(status::not_offered(ONE_MEMBER))
    }
}
