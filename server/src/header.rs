//! Response headers as messages, for answers that are not written by [`crate::encode`].

use proto::etcdserverpb::ResponseHeader;
use storage_core::{Revision, Store};

/// The header of an answer at `revision`.
pub(crate) fn at(store: &Store, revision: Revision) -> Option<ResponseHeader> {
    let identity = store.identity();
    Some(ResponseHeader {
        cluster_id: identity.cluster_id,
        member_id: identity.member_id,
        revision: revision.0,
        raft_term: identity.term,
    })
}

/// The header of an answer about the cluster, which has no revision.
pub(crate) fn of_cluster(store: &Store) -> Option<ResponseHeader> {
    at(store, Revision(0))
}
