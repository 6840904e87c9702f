//! Every call of the API against a running server, one behaviour a test.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "../common/mod.rs"]
mod common;

mod auth;
mod cluster;
mod election;
mod errors;
mod gateway;
mod gateway_auth;
mod gateway_json;
mod gateway_paths;
mod gateway_streams;
mod gateway_websocket;
mod http;
mod http_access;
mod http_clients;
mod http_probes;
mod http_roles;
mod keepalive;
mod kv;
mod lease;
mod lies;
mod lock;
mod maintenance;
mod metrics;
mod shutdown;
mod snapshot;
mod stream;
mod tls;
mod tls_bad_input;
mod tls_clients;
mod tls_reload;
mod traces;
mod txn;
mod watch;
mod watch_wire;
