//! The program auroch as a person or a supervisor starts it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "../common/mod.rs"]
mod common;

mod bad_starts;
mod etcd;
mod http;
mod kine;
mod process;
mod restore;
mod secrets;
mod sockets;
mod starts;
mod tls;
