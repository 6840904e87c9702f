//! Every call of the API against a running server, one behaviour a test.

#[path = "../common/mod.rs"]
mod common;

mod errors;
mod http;
mod keepalive;
mod kv;
mod lease;
mod maintenance;
mod shutdown;
mod stream;
mod txn;
mod watch;
mod watch_wire;
