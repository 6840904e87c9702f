//! What etcd keeps beside the keys, and under which names. Source: etcd 3.7.3, `server/storage/schema`.

use prost::Message;
use proto::etcdserverpb::AlarmMember;
use serde::Serialize;
use storage_core::{Alarm, ExportState, ExportedLease, Revision};

use super::auth;
use crate::convert;
use crate::options::{EmulatedVersion, MemberOptions};

pub(super) const KEY: &str = "key";
pub(super) const LEASE: &str = "lease";
pub(super) const META: &str = "meta";

const CONSISTENT_INDEX: &str = "consistent_index";
const TERM: &str = "term";
const CONF_STATE: &str = "confState";
pub(super) const STORAGE_VERSION: &str = "storageVersion";
pub(super) const SCHEDULED_COMPACTION: &str = "scheduledCompactRev";
pub(super) const FINISHED_COMPACTION: &str = "finishedCompactRev";

/// The first version that says in its database which version it is of.
const FIRST_STORAGE_VERSION: (u32, u32) = (3, 6);
/// The first version whose schema is not the one here.
pub(super) const FIRST_UNKNOWN_VERSION: (u32, u32) = (3, 8);
/// etcd writes down what is left of a lease as long as it is more than this.
const MIN_REMAINING_TTL: i64 = 300;

/// Entries of one bucket, in any order.
pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Who the file says that it is from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) member: MemberOptions,
    pub(crate) version: EmulatedVersion,
}

impl Origin {
    /// The version of the file's schema, as the call says it beside the file; empty for versions that do not.
    pub(super) fn storage_version(&self) -> String {
        if self.version.is_at_least(FIRST_STORAGE_VERSION) { self.version.cluster().to_string() } else { String::new() }
    }
}

/// All buckets but the keys'.
pub(super) fn buckets(state: &ExportState, origin: &Origin) -> Vec<(&'static str, Entries)> {
    vec![
        ("alarm", state.alarms.iter().map(alarm).collect()),
        (auth::STATUS, auth::status(&state.auth)),
        (auth::ROLES, state.auth.roles().map(|(name, role)| auth::role(name, role)).collect()),
        (auth::USERS, state.auth.users().map(|(name, user)| auth::user(name, user)).collect()),
        ("cluster", vec![entry("clusterVersion", origin.version.cluster().to_string())]),
        (LEASE, state.leases.iter().map(lease).collect()),
        ("members", vec![member(state.identity.member_id, &origin.member)]),
        ("members_removed", Entries::new()),
        (META, meta(state, origin)),
    ]
}

pub(super) fn entry(name: &str, value: impl Into<Vec<u8>>) -> (Vec<u8>, Vec<u8>) {
    (name.into(), value.into())
}

fn meta(state: &ExportState, origin: &Origin) -> Entries {
    let mut meta = vec![
        entry(CONSISTENT_INDEX, state.position.0.to_be_bytes()),
        entry(TERM, state.identity.term.to_be_bytes()),
        entry(CONF_STATE, json(&ConfState { voters: [state.identity.member_id], auto_leave: false })),
    ];
    // What the compaction removes is not in the file, so that it is finished.
    if state.compact_revision >= Revision(0) {
        let revision = main_revision(state.compact_revision);
        meta.extend([entry(SCHEDULED_COMPACTION, revision), entry(FINISHED_COMPACTION, revision)]);
    }
    let version = origin.storage_version();
    if !version.is_empty() {
        meta.push(entry(STORAGE_VERSION, version));
    }
    meta
}

/// A revision as etcd names one: main, `_`, and sub.
fn main_revision(revision: Revision) -> [u8; 17] {
    let mut name = [0; 17];
    name[..8].copy_from_slice(&revision.0.to_be_bytes());
    name[8] = b'_';
    name
}

fn alarm(alarm: &Alarm) -> (Vec<u8>, Vec<u8>) {
    let member = AlarmMember { member_id: alarm.member_id, alarm: convert::alarm_type(alarm.kind) as i32 };
    (member.encode_to_vec(), Vec::new())
}

/// `leasepb.Lease`. etcd starts a lease anew with the remaining time if there is one, else with all of it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Lease {
    #[prost(int64, tag = "1")]
    pub(super) id: i64,
    #[prost(int64, tag = "2")]
    pub(super) ttl: i64,
    #[prost(int64, tag = "3")]
    pub(super) remaining_ttl: i64,
}

fn lease(lease: &ExportedLease) -> (Vec<u8>, Vec<u8>) {
    // Who was about to renew its lease needs the time to find the restored server.
    let remaining = lease.remaining_ttl.max(MIN_REMAINING_TTL);
    let remaining_ttl = if remaining < lease.ttl { remaining } else { 0 };
    let stored = Lease { id: lease.id.0, ttl: lease.ttl, remaining_ttl };
    (lease.id.0.to_be_bytes().into(), stored.encode_to_vec())
}

#[derive(Serialize)]
struct ConfState {
    voters: [u64; 1],
    auto_leave: bool,
}

#[derive(Serialize)]
struct Member<'a> {
    id: u64,
    #[serde(rename = "peerURLs")]
    peer_urls: &'a [String],
    name: &'a str,
    #[serde(rename = "clientURLs")]
    client_urls: &'a [String],
}

fn member(id: u64, options: &MemberOptions) -> (Vec<u8>, Vec<u8>) {
    let member = Member { id, peer_urls: &options.peer_urls, name: &options.name, client_urls: &options.client_urls };
    entry(&format!("{id:x}"), json(&member))
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and texts have a JSON form")
}

#[cfg(test)]
mod tests {
    use storage_core::LeaseId;

    use super::*;

    fn stored(ttl: i64, remaining_ttl: i64) -> Lease {
        let (_, value) = lease(&ExportedLease { id: LeaseId(7), ttl, remaining_ttl });
        Lease::decode(&value[..]).expect("it was just encoded")
    }

    #[test]
    fn a_long_lease_goes_on_with_what_is_left_of_it() {
        assert_eq!(stored(4000, 1234).remaining_ttl, 1234);
        assert_eq!(stored(4000, 4000).remaining_ttl, 0);
    }

    #[test]
    fn a_lease_that_is_about_to_end_gets_the_time_to_be_renewed() {
        assert_eq!(stored(4000, 3).remaining_ttl, 300);
        assert_eq!(stored(60, 3).remaining_ttl, 0, "that is, all 60");
    }
}
