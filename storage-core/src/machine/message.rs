//! What the state machine is asked, and what it answers.

use std::sync::Arc;

use crate::auth::AuthChange;
use crate::cluster::{ClusterChange, ClusterState};
use crate::export::ExportState;
use crate::request::{AlarmKind, DeleteRangeRequest, PutRequest, TxnRequest};
use crate::response::{
    Alarm, DeleteRangeResponse, LeaseGrantResponse, LeaseKeepAliveResponse, LeaseTimeToLiveResponse, PutResponse,
    TxnResponse,
};
use crate::types::{LeaseId, Revision};

/// A request to the owner of the state: all that changes it, and reads of what only the owner knows.
#[derive(Debug)]
pub(crate) enum Request {
    Put(PutRequest),
    DeleteRange(DeleteRangeRequest),
    Txn(TxnRequest),
    Compact(Revision),
    LeaseGrant {
        id: LeaseId,
        ttl: i64,
    },
    LeaseRevoke(LeaseId),
    LeaseKeepAlive(LeaseId),
    LeaseTimeToLive {
        id: LeaseId,
        keys: bool,
    },
    Leases,
    Alarms,
    /// All that is not a key, for a copy of the store.
    Export,
    RaiseAlarm {
        member_id: u64,
        kind: AlarmKind,
    },
    DisarmAlarm {
        member_id: u64,
        kind: AlarmKind,
    },
    ChangeAuth(AuthChange),
    ChangeCluster {
        change: ClusterChange,
        own_peer_urls: Vec<String>,
    },
    /// Writes renewed deadlines of leases down.
    CheckpointLeases,
}

/// The answer to a [`Request`], of the same name.
#[derive(Debug)]
pub(crate) enum Response {
    Put(PutResponse),
    DeleteRange(DeleteRangeResponse),
    Txn(TxnResponse),
    /// To requests that answer nothing but the header's revision.
    Revision(Revision),
    LeaseGrant(LeaseGrantResponse),
    LeaseKeepAlive(LeaseKeepAliveResponse),
    LeaseTimeToLive(LeaseTimeToLiveResponse),
    Leases(Revision, Vec<LeaseId>),
    Alarms(Vec<Alarm>),
    Cluster(Arc<ClusterState>),
    Export(ExportState),
}
