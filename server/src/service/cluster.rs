//! `etcdserverpb.Cluster`: this server, those that share its storage, and members that were added and never start.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Uri;
use parking_lot::RwLock;
use proto::etcdserverpb::cluster_server::Cluster;
use proto::etcdserverpb::{
    Member, MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse, MemberPromoteRequest,
    MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse, MemberUpdateRequest, MemberUpdateResponse,
};
use storage_core::Store;
use storage_core::backend::Peer;
use storage_core::cluster::{self, ClusterChange, ClusterError, ClusterState};
use tonic::{Request, Response, Status};

use crate::access::Access;
use crate::options::MemberOptions;
use crate::{header, status};

/// Who is in the cluster.
pub(crate) struct ClusterService {
    access: Arc<Access>,
    member: RwLock<MemberOptions>,
}

impl ClusterService {
    pub(crate) fn new(access: Arc<Access>, member: MemberOptions) -> Self {
        Self { access, member: RwLock::new(member) }
    }

    /// A server on a storage that others share has its id for as long as it runs, and so are its URLs: nothing is stored, others
    /// hear of it.
    fn update_itself(&self, store: &Store, peer_urls: Vec<String>) -> Result<Vec<Member>, Status> {
        store.check_admin().map_err(status::of_auth)?;
        let state = store.cluster();
        let mut added = state.members().values().flat_map(|member| &member.peer_urls);
        if added.any(|url| peer_urls.contains(url)) {
            return Err(status::of(ClusterError::PeerUrlsExist.into()));
        }
        let mut member = self.member.write();
        member.peer_urls = peer_urls;
        store.announce(member.peer(store.identity().member_id));
        drop(member);
        Ok(self.members(store, &state))
    }

    /// Makes a change, and answers the members after it.
    async fn change(&self, store: &Store, change: ClusterChange) -> Result<Vec<Member>, Status> {
        let own_peer_urls = self.member.read().peer_urls.clone();
        let state = store.change_cluster(change, &own_peer_urls).await.map_err(status::of)?;
        Ok(self.members(store, &state))
    }

    /// All members by id, as etcd lists them. Those that have not started have no name.
    fn members(&self, store: &Store, state: &ClusterState) -> Vec<Member> {
        let own_id = store.identity().member_id;
        let this = self.member.read();
        let own = cluster::Member { peer_urls: this.peer_urls.clone(), is_learner: false };
        let mut members = BTreeMap::from([(own_id, &own)]);
        members.extend(state.members().iter().map(|(id, member)| (*id, member)));
        let mut members: Vec<_> = members.into_iter().map(|(id, member)| unstarted(id, member)).collect();
        for member in members.iter_mut().filter(|member| member.id == own_id) {
            member.name.clone_from(&this.name);
            member.client_ur_ls.clone_from(&this.client_urls);
        }
        members
    }
}

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_list(&self, request: Request<MemberListRequest>) -> Result<Response<MemberListResponse>, Status> {
        let store = self.access.store_for(&request)?;
        store.check_identity().map_err(status::of_auth)?;
        let mut members = self.members(&store, &store.cluster());
        let own_id = store.identity().member_id;
        let others = store.peers().await.map_err(status::of)?.into_iter().filter(|peer| peer.id != own_id);
        members.extend(others.map(started));
        members.sort_by_key(|member| member.id);
        Ok(Response::new(MemberListResponse { header: header::of_cluster(&store), members }))
    }

    async fn member_add(&self, request: Request<MemberAddRequest>) -> Result<Response<MemberAddResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let MemberAddRequest { peer_ur_ls, is_learner } = request.into_inner();
        let peer_urls = peer_urls(&peer_ur_ls).ok_or_else(status::invalid_member_urls)?;
        let added = cluster::Member { peer_urls: peer_urls.clone(), is_learner };
        let members = self.change(&store, ClusterChange::AddMember(added)).await?;
        // No two members have the same URL.
        let member = members.iter().find(|member| member.peer_ur_ls == peer_urls).cloned();
        Ok(Response::new(MemberAddResponse { header: header::of_cluster(&store), member, members }))
    }

    async fn member_remove(
        &self,
        request: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let members = self.change(&store, ClusterChange::RemoveMember(request.get_ref().id)).await?;
        Ok(Response::new(MemberRemoveResponse { header: header::of_cluster(&store), members }))
    }

    /// As in etcd the URLs may be anything.
    async fn member_update(
        &self,
        request: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let MemberUpdateRequest { id, peer_ur_ls: peer_urls } = request.into_inner();
        let members = if store.status().backend.shared && id == store.identity().member_id {
            self.update_itself(&store, peer_urls)?
        } else {
            self.change(&store, ClusterChange::UpdateMember { id, peer_urls }).await?
        };
        Ok(Response::new(MemberUpdateResponse { header: header::of_cluster(&store), members }))
    }

    async fn member_promote(
        &self,
        request: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        let store = self.access.store_for(&request)?;
        let members = self.change(&store, ClusterChange::PromoteMember(request.get_ref().id)).await?;
        Ok(Response::new(MemberPromoteResponse { header: header::of_cluster(&store), members }))
    }
}

/// A server that shares the storage.
fn started(peer: Peer) -> Member {
    let Peer { id, name, peer_urls, client_urls } = peer;
    Member { id, name, peer_ur_ls: peer_urls, client_ur_ls: client_urls, is_learner: false }
}

fn unstarted(id: u64, member: &cluster::Member) -> Member {
    Member {
        id,
        peer_ur_ls: member.peer_urls.clone(),
        is_learner: member.is_learner,
        name: String::new(),
        client_ur_ls: Vec::new(),
    }
}

/// The URLs in order; `None` if there is none, or one that etcd's `types.NewURLs` would refuse.
fn peer_urls(given: &[String]) -> Option<Vec<String>> {
    let mut urls: Vec<_> = given.iter().map(|url| url.trim().to_owned()).collect();
    urls.sort();
    (!urls.is_empty() && urls.iter().all(|url| is_peer_url(url))).then_some(urls)
}

fn is_peer_url(url: &str) -> bool {
    match url.split_once("://") {
        Some(("unix" | "unixs", _)) => true,
        Some(("http" | "https", address)) => {
            let port = address.parse::<Uri>().ok().and_then(|uri| uri.port_u16());
            port.is_some() && !address.contains(['/', '?', '#'])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_url_has_a_scheme_a_host_and_a_port_and_no_path() {
        for good in ["http://localhost:123", "https://[::1]:2380", "unix://socket:1", "unixs://a"] {
            assert!(is_peer_url(good), "{good}");
        }
        for bad in
            ["", "bad", "localhost:123", "http://localhost", "http://a:1/", "http://a:1/b", "ftp://a:1", "http://"]
        {
            assert!(!is_peer_url(bad), "{bad}");
        }
    }

    #[test]
    fn urls_are_trimmed_and_in_order() {
        let given = [" http://b:2".to_owned(), "http://a:1".to_owned()];
        assert_eq!(peer_urls(&given).unwrap(), ["http://a:1", "http://b:2"]);
        assert_eq!(peer_urls(&[]), None);
    }
}
