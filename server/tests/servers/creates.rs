//! What kine loses.

use std::collections::BTreeMap;

use conformance::postgres::Cluster;
use etcd_client::{Compare, CompareOp, GetOptions, Txn, TxnOp};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::fleet::{Fleet, SERVERS};
use crate::process::{PATIENCE, connect};
use crate::watching::Watcher;

const CLIENTS: usize = 64;
const KEYS: usize = 10_000;

/// The keys that a client created, each with its revision.
async fn create(address: String, keys: Vec<String>) -> Vec<(i64, String)> {
    let mut client = connect(&address).await;
    let mut created = Vec::with_capacity(keys.len());
    for key in keys {
        let absent = Compare::mod_revision(key.as_str(), CompareOp::Equal, 0);
        let put = TxnOp::put(key.as_str(), vec![b'x'; 200], None);
        let answer = client.txn(Txn::new().when([absent]).and_then([put])).await.unwrap();
        assert!(answer.succeeded(), "{key} was created by nobody else");
        created.push((answer.header().unwrap().revision(), key));
    }
    created
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_10_000_creates_by_64_clients_over_three_servers_none_is_lost() {
    let fleet = Fleet::start(&Cluster::shared().new_database()).await;
    let addresses = fleet.addresses();
    let (last, until) = watch::channel(i64::MAX);
    let watchers: JoinSet<_> = addresses.iter().map(|address| Watcher::new(address).until(until.clone())).collect();

    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let keys = (client..KEYS).step_by(CLIENTS).map(|n| format!("/registry/pods/{n:05}")).collect();
        clients.spawn(create(addresses[client % SERVERS].clone(), keys));
    }
    let mut created: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    created.sort();
    let revisions = created.iter().map(|(revision, _)| *revision);
    assert!(revisions.eq(2..2 + KEYS as i64), "revisions are dense, and no two share one");

    last.send_replace(1 + KEYS as i64);
    for seen in timeout(PATIENCE, watchers.join_all()).await.expect("watchers see everything") {
        let seen = seen.into_iter().map(|event| (event.revision, event.key));
        assert!(seen.eq(created.iter().cloned()), "each event once, in order");
    }
    let by_key: BTreeMap<_, _> = created.into_iter().map(|(revision, key)| (key, revision)).collect();
    for mut client in fleet.clients().await {
        let all = client.get("", Some(GetOptions::new().with_all_keys().with_keys_only())).await.unwrap();
        let there = all.kvs().iter().map(|kv| (String::from_utf8_lossy(kv.key()).into_owned(), kv.mod_revision()));
        assert!(there.eq(by_key.clone()), "every key is there");
    }
}
