//! How much is asked of every contender.

use std::time::Duration;

use serde::Serialize;

use crate::workload::Workload;

/// The sizes of a run, the same for every contender.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Keys written.
    pub keys: usize,
    /// Size of a value.
    pub value_bytes: usize,
    /// HTTP/2 connections.
    pub connections: usize,
    /// Requests in flight at a time, over all connections.
    pub workers: usize,
    /// Updates by a single client.
    pub single_updates: usize,
    /// Reads of one key.
    pub gets: usize,
    /// Counts of the whole range, one after the other.
    pub counts: usize,
    /// Lists of the whole range of each kind, one after the other.
    pub lists: usize,
    /// Keys of a page.
    pub page: usize,
    /// Watchers of the whole prefix.
    pub watchers: usize,
    /// Updates that every watcher has to see.
    pub watched_updates: usize,
    /// How long a watch may be silent before what is missing counts as lost.
    pub watch_patience: Duration,
    /// What is measured; creates always are, because the rest needs the keys.
    pub workloads: Vec<Workload>,
    /// Whether the servers are killed and started again at the end.
    pub restart: bool,
}

impl Plan {
    /// The plan of the published tables, for so many keys.
    #[must_use]
    pub fn of_keys(keys: usize) -> Self {
        Self {
            keys,
            value_bytes: 1024,
            connections: 8,
            workers: 64,
            single_updates: 2000,
            gets: 40_000,
            counts: 200,
            lists: 5,
            page: 500,
            watchers: 100,
            watched_updates: 5000,
            watch_patience: Duration::from_secs(60),
            workloads: Workload::ALL.to_vec(),
            restart: true,
        }
    }

    /// Whether `workload` is to be measured.
    #[must_use]
    pub fn includes(&self, workload: Workload) -> bool {
        workload == Workload::Create || self.workloads.contains(&workload)
    }
}
