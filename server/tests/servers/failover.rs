//! A primary that dies, and its standby that takes its place.

use std::time::Instant;

use conformance::postgres::Cluster;
use tokio::task::block_in_place;

use crate::fleet::Fleet;
use crate::recovery::measure;
use crate::run::Run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_standby_loses_nothing_that_was_acknowledged() {
    let mut primary = Cluster::start();
    let standby = primary.standby();
    let fleet = Fleet::start(&Cluster::new_database_of(&[&primary, &standby])).await;
    let run = Run::start(&fleet).await;
    run.progress(&[0, 1, 2], 40).await;
    block_in_place(|| primary.kill());
    block_in_place(|| standby.promote());
    measure(&fleet, "a standby was promoted", Instant::now()).await;
    run.progress(&[0, 1, 2], 40).await;
    run.check(&fleet).await;
}
