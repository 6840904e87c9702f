//! How much is asked of every contender.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contender::Program;
use crate::workload::Workload;

/// The sizes of a run, the same for every contender. One that a run of an earlier version did not write was then as it is by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Requests in a second where they come at fixed times.
    pub arrival_rate: f64,
    /// For how long they do.
    pub arrival_time: Duration,
    /// Objects that are deleted.
    pub deletes: usize,
    /// Nodes whose leases are renewed by updates over one connection.
    pub flooding_nodes: usize,
    /// How many updates that is.
    pub flooding_updates: usize,
    /// Leases that are kept alive.
    pub leases: usize,
    /// How often one of them is.
    pub keepalives: usize,
    /// Leases with a key each that expire at about the same time.
    pub expiring: usize,
    /// The time that these live: longer than it takes to make them, and not shorter than etcd grants, which is 2 s.
    pub expiry: Duration,
    /// Nodes of the cluster whose mix of requests is sent.
    pub nodes: usize,
    /// How long a server is idle after a workload before its memory is read: allocators and collectors give it back with a delay.
    pub settle: Duration,
    /// What is measured; creates always are, because the rest needs the keys.
    pub workloads: Vec<Workload>,
    /// Whether the servers are killed and started again at the end.
    pub restart: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self::of_keys(20_000)
    }
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
            arrival_rate: 500.0,
            arrival_time: Duration::from_secs(10),
            deletes: keys.min(20_000),
            flooding_nodes: 1000,
            flooding_updates: 20_000,
            leases: 1000,
            keepalives: 20_000,
            expiring: 1000,
            expiry: Duration::from_secs(5),
            nodes: 500,
            settle: Duration::from_secs(2),
            workloads: Workload::ALL.to_vec(),
            restart: true,
        }
    }

    /// A plan that takes seconds for each contender: it shows that all works, and nothing of how fast it is.
    #[must_use]
    pub fn quick(keys: usize) -> Self {
        Self {
            single_updates: 100,
            gets: 1000,
            counts: 20,
            lists: 2,
            watchers: 10,
            watched_updates: 200,
            arrival_rate: 200.0,
            arrival_time: Duration::from_millis(500),
            deletes: keys.min(500),
            flooding_nodes: 100,
            flooding_updates: 500,
            leases: 50,
            keepalives: 500,
            expiring: 50,
            expiry: Duration::from_secs(2),
            nodes: 100,
            settle: Duration::from_millis(100),
            ..Self::of_keys(keys)
        }
    }

    /// How many requests come at fixed times.
    #[must_use]
    pub fn arrivals(&self, rate: f64) -> usize {
        (rate * self.arrival_time.as_secs_f64()) as usize
    }

    /// How many workloads `program` is asked for.
    #[must_use]
    pub fn steps(&self, program: &Program) -> usize {
        Workload::ALL.into_iter().filter(|workload| workload.suits(program) && self.includes(*workload)).count()
    }

    /// The same for any selection of workloads: two plans that agree in this ask for the same work.
    #[must_use]
    pub fn sizes(&self) -> Self {
        Self { workloads: Vec::new(), restart: false, ..self.clone() }
    }

    /// Whether `workload` is to be measured.
    #[must_use]
    pub fn includes(&self, workload: Workload) -> bool {
        workload == Workload::Create || self.workloads.contains(&workload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_a_size_that_is_newer_than_it_can_be_read() {
        let plan = Plan::quick(7);
        let mut json = serde_json::to_value(&plan).unwrap();
        json.as_object_mut().unwrap().remove("expiry");
        let read: Plan = serde_json::from_value(json).unwrap();
        assert_eq!(read, Plan { expiry: Plan::default().expiry, ..plan });
    }
}
