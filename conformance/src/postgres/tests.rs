//! What is left of a cluster.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::{Cluster, START_LIMIT};

/// Set in the process that holds the cluster.
const HOLDS: &str = "AUROCH_TEST_HOLDS_A_CLUSTER";
const FOLDER: &str = "the folder is ";

/// What is in a static is not dropped, nor is anything of a process that is killed.
#[test]
fn nothing_is_left_of_a_cluster_whose_process_ends_without_dropping_it() {
    if std::env::var_os(HOLDS).is_some() {
        println!("\n{FOLDER}{}", Cluster::shared().sockets());
        std::process::abort();
    }
    let mut process = Command::new(std::env::current_exe().expect("this program"));
    let name = std::thread::current().name().expect("that of the test").to_owned();
    let output = process.args(["--exact", &name, "--nocapture"]).env(HOLDS, "1").output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let folder = said.lines().find_map(|line| line.strip_prefix(FOLDER)).expect("it says where the cluster is");
    let ended = Instant::now();
    while Path::new(folder).exists() {
        assert!(ended.elapsed() < START_LIMIT, "{folder} is still there");
        std::thread::yield_now();
    }
}

#[test]
fn a_cluster_that_was_killed_has_what_it_had_and_leaves_nothing_once_it_is_dropped() {
    let mut cluster = Cluster::start();
    cluster.sql("postgres", "CREATE TABLE t AS SELECT 7 AS n");
    cluster.kill();
    cluster.resume();
    assert_eq!(cluster.sql("postgres", "SELECT n FROM t"), "7");
    let folder = cluster.sockets();
    drop(cluster);
    assert!(!Path::new(&folder).exists());
}
