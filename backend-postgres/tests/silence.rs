//! What a server asks about statements that take long.

use std::collections::BTreeSet;
use std::time::Duration;

use backend_postgres::{PostgresBackend, PostgresOptions};
use conformance::postgres::Cluster;
use futures_util::future::join_all;
use storage_core::Backend as _;
use storage_core::backend::{ScanFrom, ScanLimits};
use tokio::task::{block_in_place, yield_now};
use tokio::time::timeout;

/// Who asks whether a session works, and when.
const QUESTIONS: &str = "SELECT pid, query_start FROM pg_stat_activity
    WHERE application_name = 'auroch' AND query LIKE 'SELECT count(*) FROM pg_stat_activity%'";
const ASKED: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_statements_take_long_one_connection_asks_about_them_and_goes_with_them() {
    let cluster = Cluster::start();
    let options = PostgresOptions::parse(&cluster.dsn("db")).expect("a DSN");
    let backend = PostgresBackend::open(options).await.expect("it opens");
    let held = block_in_place(|| cluster.hold("db", "LOCK TABLE auroch.commits, auroch.control_log"));
    let scans = (0..4).map(|_| backend.scan(ScanFrom::After(storage_core::Position(0)), ScanLimits::default()));
    let watching = async {
        let (mut asked, mut by) = (BTreeSet::new(), BTreeSet::new());
        while asked.len() < ASKED {
            for line in block_in_place(|| cluster.sql("postgres", QUESTIONS)).lines() {
                by.insert(line.split('|').next().map(str::to_owned));
                asked.insert(line.to_owned());
            }
            yield_now().await;
        }
        drop(held);
        by
    };
    let both = async { tokio::join!(join_all(scans), watching) };
    let (scanned, by) = timeout(PATIENCE, both).await.expect("it is asked about them");
    assert_eq!(by.len(), 1, "{by:?}");
    assert!(scanned.iter().all(Result::is_ok), "each has its answer: {scanned:?}");
    let gone = async {
        while !block_in_place(|| cluster.sql("postgres", QUESTIONS)).is_empty() {
            yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("nobody asks any more");
}
