//! Three processes of the program on one PostgreSQL, while servers, the database and the network between them fail.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod checker;
mod creates;
mod cut;
mod database;
mod election;
mod failover;
mod fleet;
mod history;
mod leases;
mod namespace;
mod process;
mod proxy;
mod reads;
mod recovery;
mod run;
mod stops;
mod watching;
mod workload;
