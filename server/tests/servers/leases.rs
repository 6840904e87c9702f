//! Leases, when the server that revokes them dies.

use conformance::postgres::Cluster;
use etcd_client::{EventType, PutOptions, WatchOptions};
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::fleet::Fleet;
use crate::process::PATIENCE;

const LEASES: i64 = 20;
/// The leader's name.
const LEADER: &str = "SELECT name FROM auroch.servers JOIN auroch.leader USING (id)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_end_once_though_the_server_that_revokes_them_is_killed() {
    let cluster = Cluster::start();
    let mut fleet = Fleet::start(&cluster.dsn("leases")).await;
    let leader = block_in_place(|| cluster.sql("leases", LEADER));
    let leader = fleet.servers.iter().position(|server| server.name == leader).expect("one leads");
    let mut dying = fleet.servers[leader].client().await;
    for id in 1..=LEASES {
        dying.lease_grant(4, Some(etcd_client::LeaseGrantOptions::new().with_id(id))).await.unwrap();
        let attached = PutOptions::new().with_lease(id);
        dying.put(format!("/leased/{id:02}"), "", Some(attached)).await.unwrap();
    }
    let mut other = fleet.servers[(leader + 1) % 3].client().await;
    let options = WatchOptions::new().with_prefix().with_start_revision(1);
    let mut stream = other.watch("/leased/", Some(options)).await.unwrap();
    fleet.servers[leader].kill().await;
    let mut deleted = Vec::new();
    let all = async {
        while (deleted.len() as i64) < LEASES {
            let message = stream.message().await.unwrap().expect("the stream goes on");
            let gone = message.events().iter().filter(|event| event.event_type() == EventType::Delete);
            deleted.extend(gone.map(|event| event.kv().unwrap().mod_revision()));
        }
    };
    timeout(PATIENCE, all).await.expect("leases end");
    let first = deleted[0];
    assert!(deleted.iter().copied().eq(first..first + LEASES), "each by a revision of its own, once: {deleted:?}");
    assert!(other.leases().await.unwrap().leases().is_empty());
}
