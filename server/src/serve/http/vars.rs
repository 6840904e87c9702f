use serde::Serialize;
use storage_core::Store;

/// `/debug/vars`: what etcd shows there that exists here too. Not the command line, since a storage's URL may hold a password.
#[derive(Serialize)]
pub(super) struct Vars {
    cmdline: [&'static str; 1],
    #[serde(rename = "raft.status")]
    raft: RaftStatus,
    revision: i64,
    compact_revision: i64,
    keys: usize,
    db_bytes: u64,
}

/// The one member is its own leader, and applies what it commits.
#[derive(Serialize)]
struct RaftStatus {
    id: String,
    term: u64,
    vote: String,
    commit: u64,
    lead: String,
    #[serde(rename = "raftState")]
    state: &'static str,
    applied: u64,
    leadtransferee: &'static str,
}

impl Vars {
    pub(super) fn of(store: &Store) -> Self {
        let status = store.status();
        let identity = store.identity();
        let id = format!("{:x}", identity.member_id);
        let raft = RaftStatus {
            id: id.clone(),
            term: identity.term,
            vote: id.clone(),
            commit: status.position.0,
            lead: id,
            state: "StateLeader",
            applied: status.position.0,
            leadtransferee: "0",
        };
        Self {
            cmdline: ["auroch"],
            raft,
            revision: status.revision.0,
            compact_revision: status.compact_revision.0,
            keys: status.keys,
            db_bytes: status.size.allocated,
        }
    }
}
