use bytes::BytesMut;
use storage_core::{Identity, Revision};

use super::fields::{int_len, nested_len, put_head, put_int, put_uint, uint_len};

const CLUSTER_ID: u8 = 1;
const MEMBER_ID: u8 = 2;
const REVISION: u8 = 3;
const RAFT_TERM: u8 = 4;
/// Every response has its header in field 1.
const HEADER: u8 = 1;

/// A response's `etcdserverpb.ResponseHeader`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Header {
    pub(crate) cluster_id: u64,
    pub(crate) member_id: u64,
    pub(crate) revision: Revision,
    pub(crate) raft_term: u64,
}

impl Header {
    /// The header of an answer at `revision` by the server that `identity` names.
    pub(crate) fn new(identity: &Identity, revision: Revision) -> Self {
        let &Identity { cluster_id, member_id, term, .. } = identity;
        Self { cluster_id, member_id, revision, raft_term: term }
    }

    /// The header of an answer inside a transaction: etcd fills in nothing but the revision.
    pub(super) fn inner(revision: Revision) -> Self {
        Self { revision, ..Self::default() }
    }

    fn body_len(&self) -> usize {
        uint_len(self.cluster_id) + uint_len(self.member_id) + int_len(self.revision.0) + uint_len(self.raft_term)
    }

    /// Size of [`Header::put`]'s output.
    pub(super) fn len(&self) -> usize {
        nested_len(self.body_len())
    }

    /// Writes the header as the field that every response has it in.
    pub(super) fn put(&self, out: &mut BytesMut) {
        put_head(out, HEADER, self.body_len());
        put_uint(out, CLUSTER_ID, self.cluster_id);
        put_uint(out, MEMBER_ID, self.member_id);
        put_int(out, REVISION, self.revision.0);
        put_uint(out, RAFT_TERM, self.raft_term);
    }
}
