//! Leases, when the server that revokes them dies.

use std::time::Duration;

use conformance::postgres::Cluster;
use etcd_client::{Client, EventType, LeaseGrantOptions, PutOptions, WatchOptions, WatchStream};
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::fleet::Fleet;
use crate::process::PATIENCE;

const LEASES: i64 = 20;
/// Between two renewals.
const RENEWAL: Duration = Duration::from_millis(500);
/// The leader's name.
const LEADER: &str = "SELECT name FROM auroch.servers JOIN auroch.leader USING (id)";

async fn grant(client: &mut Client, id: i64, ttl: i64) {
    client.lease_grant(ttl, Some(LeaseGrantOptions::new().with_id(id))).await.unwrap();
    let attached = PutOptions::new().with_lease(id);
    client.put(format!("/leased/{id:02}"), "", Some(attached)).await.unwrap();
}

/// All that happens to leased keys.
async fn watch(client: &mut Client) -> WatchStream {
    let options = WatchOptions::new().with_prefix().with_start_revision(1);
    client.watch("/leased/", Some(options)).await.unwrap()
}

/// The next `count` deletions: key and revision.
async fn deleted(stream: &mut WatchStream, count: usize) -> Vec<(String, i64)> {
    let mut deleted = Vec::new();
    let all = async {
        while deleted.len() < count {
            let message = stream.message().await.unwrap().expect("the stream goes on");
            let gone = message.events().iter().filter(|event| event.event_type() == EventType::Delete);
            deleted.extend(gone.map(|event| {
                let kv = event.kv().unwrap();
                (kv.key_str().unwrap().to_owned(), kv.mod_revision())
            }));
        }
    };
    timeout(PATIENCE, all).await.expect("leases end");
    deleted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_end_once_though_the_server_that_revokes_them_is_killed() {
    let cluster = Cluster::start();
    let mut fleet = Fleet::start(&cluster.dsn("leases")).await;
    let leader = block_in_place(|| cluster.sql("leases", LEADER));
    let leader = fleet.servers.iter().position(|server| server.name == leader).expect("one leads");
    let mut dying = fleet.servers[leader].client().await;
    for id in 1..=LEASES {
        grant(&mut dying, id, 4).await;
    }
    let mut other = fleet.servers[(leader + 1) % 3].client().await;
    let mut stream = watch(&mut other).await;
    fleet.servers[leader].kill().await;
    let deleted = deleted(&mut stream, LEASES as usize).await;
    let first = deleted[0].1;
    let revisions = deleted.iter().map(|(_, revision)| *revision);
    assert!(revisions.eq(first..first + LEASES), "each by a revision of its own, once: {deleted:?}");
    assert!(other.leases().await.unwrap().leases().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_renewed_at_one_server_outlives_the_one_that_granted_it() {
    let cluster = Cluster::start();
    let mut fleet = Fleet::start(&cluster.dsn("leases")).await;
    let (mut granting, mut other) = (fleet.servers[0].client().await, fleet.servers[1].client().await);
    grant(&mut granting, 1, 3).await;
    // One that nobody renews, for the time to go by.
    grant(&mut granting, 2, 7).await;
    let mut stream = watch(&mut fleet.servers[2].client().await).await;
    let (mut keeper, mut kept) = other.lease_keep_alive(1).await.unwrap();
    fleet.servers[0].kill().await;
    let renew = async {
        loop {
            keeper.keep_alive().await.unwrap();
            let answer = kept.message().await.unwrap().expect("the stream goes on");
            assert_eq!(answer.ttl(), 3, "it is alive");
            tokio::time::sleep(RENEWAL).await;
        }
    };
    let ended = tokio::select! {
        () = renew => unreachable!("it goes on"),
        ended = deleted(&mut stream, 1) => ended,
    };
    assert_eq!(ended[0].0, "/leased/02");
    assert_eq!(deleted(&mut stream, 1).await, [("/leased/01".to_owned(), ended[0].1 + 1)]);
}
