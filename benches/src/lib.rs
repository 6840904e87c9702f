//! What Auroch's speed and memory are measured with.
//!
//! `benches/` holds criterion benches of the engine and its backends. The program `compare`, whose parts are the modules
//! here, starts etcd, kine, Auroch and a server that does nothing in turn, and sends all of them the requests of a
//! kube-apiserver. `README.md` says how to run both and how to read the result.

pub mod client;
pub mod contender;
pub mod elsewhere;
pub mod error;
pub mod html;
pub mod latencies;
pub mod memory;
pub mod meter;
pub mod null_server;
pub mod objects;
pub mod open_loop;
pub mod plan;
pub mod postgres;
pub mod proc;
pub mod report;
pub mod round;
pub mod session;
pub mod shape;
pub mod stats;
pub mod table;
pub mod user;
pub mod workload;
