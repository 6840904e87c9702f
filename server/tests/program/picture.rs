//! All that a client can learn of a store, to be compared with another one's.

use etcd_client::{Client, GetOptions, LeaseTimeToLiveOptions, WatchOptions};

use crate::common::soon;

/// Revision, kind, key and value.
type Event = (i64, String, Vec<u8>, Vec<u8>);
/// Id, TTL and keys.
type Lease = (i64, i64, Vec<Vec<u8>>);

/// What the API shows of a store that was compacted at a known revision.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) revision: i64,
    cluster_id: u64,
    /// Of each revision that can be read.
    hashes: Vec<(i64, u32)>,
    keys: Vec<String>,
    /// From the compacted revision on.
    events: Vec<Event>,
    leases: Vec<Lease>,
    users: Vec<(String, Vec<String>)>,
    roles: Vec<String>,
}

impl Picture {
    pub(crate) async fn of(client: &mut Client, compacted: i64) -> Self {
        let all = client.get("", Some(GetOptions::new().with_all_keys())).await.unwrap();
        let header = all.header().unwrap();
        let (revision, cluster_id) = (header.revision(), header.cluster_id());
        let mut hashes = Vec::new();
        for at in compacted..=revision {
            hashes.push((at, client.hash_kv(at).await.unwrap().hash()));
        }
        Self {
            revision,
            cluster_id,
            hashes,
            keys: all.kvs().iter().map(|kv| format!("{kv:?}")).collect(),
            events: events(client, compacted, revision).await,
            leases: leases(client).await,
            users: users(client).await,
            roles: client.role_list().await.unwrap().roles().to_vec(),
        }
    }
}

async fn events(client: &mut Client, from: i64, through: i64) -> Vec<Event> {
    let options = WatchOptions::new().with_all_keys().with_start_revision(from);
    let mut watch = client.watch("", Some(options)).await.unwrap();
    let mut events: Vec<Event> = Vec::new();
    while events.last().is_none_or(|(revision, ..)| *revision < through) {
        let message = soon(watch.message()).await.unwrap().unwrap();
        for event in message.events() {
            let kv = event.kv().unwrap();
            let kind = format!("{:?}", event.event_type());
            events.push((kv.mod_revision(), kind, kv.key().to_vec(), kv.value().to_vec()));
        }
    }
    events
}

async fn leases(client: &mut Client) -> Vec<Lease> {
    let mut leases = Vec::new();
    for lease in client.leases().await.unwrap().leases() {
        let options = LeaseTimeToLiveOptions::new().with_keys();
        let answer = client.lease_time_to_live(lease.id(), Some(options)).await.unwrap();
        assert!((1..=answer.granted_ttl()).contains(&answer.ttl()));
        leases.push((answer.id(), answer.granted_ttl(), answer.keys().to_vec()));
    }
    leases.sort();
    leases
}

async fn users(client: &mut Client) -> Vec<(String, Vec<String>)> {
    let mut users = Vec::new();
    for name in client.user_list().await.unwrap().users() {
        users.push((name.clone(), client.user_get(name.clone()).await.unwrap().roles().to_vec()));
    }
    users
}
