//! `etcdserverpb.Cluster`: one member, this server.

use std::sync::Arc;

use proto::etcdserverpb::cluster_server::Cluster;
use proto::etcdserverpb::{
    Member, MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse, MemberPromoteRequest,
    MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest, MemberUpdateResponse,
};
use tonic::{Request, Response, Status};

use crate::access::Access;
use crate::options::MemberOptions;
use crate::{header, status};

const ONE_MEMBER: &str = "this server is the only member there can be";

/// Who is in the cluster.
pub(crate) struct ClusterService {
    access: Arc<Access>,
    member: MemberOptions,
}

impl ClusterService {
    pub(crate) fn new(access: Arc<Access>, member: MemberOptions) -> Self {
        Self { access, member }
    }

    /// Refuses a change of the members, also to those who could make one.
    fn refuse<M, R>(&self, request: &Request<M>) -> Result<R, Status> {
        self.access.store_for(request)?.check_admin().map_err(status::of_auth)?;
        Err(status::not_offered(ONE_MEMBER))
    }
}

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_list(&self, request: Request<MemberListRequest>) -> Result<Response<MemberListResponse>, Status> {
        let store = self.access.store_for(&request)?;
        store.check_identity().map_err(status::of_auth)?;
        let member = Member {
            id: store.identity().member_id,
            name: self.member.name.clone(),
            peer_ur_ls: self.member.peer_urls.clone(),
            client_ur_ls: self.member.client_urls.clone(),
            is_learner: false,
        };
        Ok(Response::new(MemberListResponse { header: header::of_cluster(&store), members: vec![member] }))
    }

    async fn member_add(&self, request: Request<MemberAddRequest>) -> Result<Response<MemberAddResponse>, Status> {
        self.refuse(&request)
    }

    async fn member_remove(
        &self,
        request: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        self.refuse(&request)
    }

    async fn member_update(
        &self,
        request: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        self.refuse(&request)
    }

    async fn member_promote(
        &self,
        request: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        self.refuse(&request)
    }
}
