//! Servers that die or stand still.

use std::time::Instant;

use conformance::postgres::Cluster;

use crate::fleet::Fleet;
use crate::recovery::measure;
use crate::run::Run;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_killed_one_after_the_other_lose_nothing() {
    let mut fleet = Fleet::start(&Cluster::shared().new_database()).await;
    let run = Run::start(&fleet).await;
    run.progress(&[0, 1, 2], 30).await;
    for victim in 0..3 {
        fleet.servers[victim].kill().await;
        // The others go on meanwhile.
        run.progress(&[(victim + 1) % 3, (victim + 2) % 3], 30).await;
        let since = Instant::now();
        fleet.servers[victim].begin().await;
        measure(&fleet, "a server was killed and started again", since).await;
        run.progress(&[victim], 20).await;
    }
    run.check(&fleet).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_stopped_goes_on_and_shows_nothing_old() {
    let fleet = Fleet::start(&Cluster::shared().new_database()).await;
    let run = Run::start(&fleet).await;
    for victim in [0, 1, 2, 0, 1] {
        run.progress(&[0, 1, 2], 10).await;
        fleet.servers[victim].stop();
        run.progress(&[(victim + 1) % 3, (victim + 2) % 3], 60).await;
        let since = Instant::now();
        fleet.servers[victim].go_on();
        measure(&fleet, "a server was stopped and goes on", since).await;
    }
    run.check(&fleet).await;
}
