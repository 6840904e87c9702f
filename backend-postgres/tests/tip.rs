//! How a store hears of the commits of others.

use std::sync::Arc;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use bytes::Bytes;
use conformance::postgres::Cluster;
use storage_core::watch::{WatchControl, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{DeleteRangeRequest, KeyRange, PutRequest, Revision, Store, StoreOptions};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
/// As good as never.
const NEVER: Duration = Duration::from_secs(3600);

async fn open(dsn: &str, poll_interval: Duration) -> Store {
    let mut options = PostgresOptions::parse(dsn).expect("it is a DSN");
    options.poll_interval = poll_interval;
    let backend = PostgresBackend::open(options).await.expect("it opens");
    Store::open(Arc::new(backend), StoreOptions::default()).await.expect("it opens")
}

async fn put(store: &Store) -> Revision {
    store.put(PutRequest::new(b"a", Bytes::from_static(b"x"))).await.expect("it is written").revision
}

fn watch(store: &Store) -> (WatchControl, WatchEvents) {
    let (control, events) = store.watch();
    control.create(&WatchRequest::new(KeyRange::new(b"a", b"")));
    (control, events)
}

async fn seen(events: &mut WatchEvents) -> Revision {
    let event = async {
        loop {
            if let WatchMessage::Events { events, .. } = events.next().await.expect("it goes on") {
                return events.iter().last().expect("there is one").meta.mod_revision();
            }
        }
    };
    timeout(PATIENCE, event).await.expect("it is seen")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_hear_of_others_commits_by_notification() {
    let dsn = Cluster::shared().new_database();
    let (one, two) = (open(&dsn, NEVER).await, open(&dsn, NEVER).await);
    let (_control, mut events) = watch(&two);
    for _ in 0..3 {
        let written = put(&one).await;
        assert_eq!(seen(&mut events).await, written);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_hearing_notifications_listens_again_and_looks_what_it_missed() {
    let cluster = Cluster::start();
    let dsn = cluster.new_database();
    let (one, two) = (open(&dsn, NEVER).await, open(&dsn, NEVER).await);
    let (_control, mut events) = watch(&two);
    for _ in 0..3 {
        let listening = async {
            while block_in_place(|| cluster.terminate("query LIKE 'LISTEN%'")) < 2 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, listening).await.expect("both listen");
        // Nobody listens now.
        let written = put(&one).await;
        assert_eq!(seen(&mut events).await, written);
    }
}

/// An append of the first commit's data once more, without a notification.
const APPEND_IN_SILENCE: &str = "
WITH moved AS (UPDATE auroch.head SET position = position + 1, revision = revision + 1 RETURNING position, revision)
INSERT INTO auroch.commits (revision, position, data)
SELECT revision, position, (SELECT data FROM auroch.commits ORDER BY revision LIMIT 1) FROM moved";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_that_is_lost_is_made_up_for_by_polling() {
    let cluster = Cluster::shared();
    let dsn = cluster.new_database();
    let store = open(&dsn, Duration::from_millis(50)).await;
    let (_control, mut events) = watch(&store);
    put(&store).await;
    let deleted = store
        .delete_range(DeleteRangeRequest { keys: KeyRange::new(b"a", b""), prev_kv: false })
        .await
        .expect("it is deleted");
    while seen(&mut events).await < deleted.revision {}
    let database = dsn.rsplit('/').next().expect("it names a database");
    block_in_place(|| cluster.sql(database, APPEND_IN_SILENCE));
    assert_eq!(seen(&mut events).await, deleted.revision.next());
}
