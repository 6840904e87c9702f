//! Every call of the API against a running server, one behaviour a test.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

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
mod tls;
mod tls_bad_input;
mod tls_clients;
mod tls_reload;
mod txn;
mod watch;
mod watch_wire;
