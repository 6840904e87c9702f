//! Leases end by the database's clock, whatever the servers' own clocks show.

use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use storage_core::backend::Peer;
use storage_core::watch::{WatchMessage, WatchRequest};
use storage_core::{Environment, KeyRange, LeaseId, PutLease, PutRequest, Store, StoreOptions, SystemEnvironment};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A machine whose clock is wrong.
#[derive(Debug)]
struct Wrong(SystemEnvironment, fn(Duration) -> Duration);

impl Environment for Wrong {
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn unix_time(&self) -> Duration {
        self.1(self.0.unix_time())
    }

    fn random(&self) -> u128 {
        self.0.random()
    }
}

async fn open(dsn: &str, id: u64, wrong: fn(Duration) -> Duration) -> Store {
    let backend = PostgresBackend::open(PostgresOptions::parse(dsn).expect("a DSN")).await.expect("it opens");
    let environment = Arc::new(Wrong(SystemEnvironment::default(), wrong));
    let options = StoreOptions { environment, ..StoreOptions::default() };
    let store = Store::open(Arc::new(backend), options).await.expect("it opens");
    store.announce(Peer { id, name: id.to_string(), peer_urls: vec![], client_urls: vec![] });
    store
}

async fn grant(store: &Store, id: i64, ttl: i64) {
    store.lease_grant(LeaseId(id), ttl).await.expect("granted");
    let mut put = PutRequest::new(format!("k{id}").as_bytes(), Bytes::from_static(b"x"));
    put.lease = PutLease::Set(LeaseId(id));
    store.put(put).await.expect("put");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_ends_by_the_databases_clock_at_servers_whose_own_are_wrong() {
    let dsn = Cluster::shared().new_database();
    let slow = open(&dsn, 1, |time| time - HOUR).await;
    let fast = open(&dsn, 2, |time| time + HOUR).await;
    // By whichever clock, and whoever revokes: an hour's difference would end the long ones at once, or the short ones never.
    grant(&slow, 1, 2).await;
    grant(&fast, 2, 2).await;
    grant(&slow, 3, 1800).await;
    grant(&fast, 4, 1800).await;
    let (control, mut events) = fast.watch();
    control.create(&WatchRequest {
        start_revision: storage_core::Revision(1),
        ..WatchRequest::new(KeyRange::new(b"k", b"l"))
    });
    let mut gone = Vec::new();
    while gone.len() < 2 {
        let message = timeout(PATIENCE, events.next()).await.expect("leases end");
        if let Some(WatchMessage::Events { events, .. }) = message {
            gone.extend(events.iter().filter(|e| e.meta.is_tombstone()).map(|e| e.key.to_vec()));
        }
    }
    gone.sort();
    assert_eq!(gone, [b"k1", b"k2"]);
    for store in [&slow, &fast] {
        for id in [3, 4] {
            let left = store.lease_time_to_live(LeaseId(id), false).await.expect("it answers");
            assert!((1700..=1800).contains(&left.ttl), "{left:?}");
        }
    }
    // One that starts now reckons by the same clock.
    let late = open(&dsn, 3, |time| time + HOUR).await;
    let left = late.lease_time_to_live(LeaseId(3), false).await.expect("it answers");
    assert!((1700..=1801).contains(&left.ttl), "{left:?}");
}
