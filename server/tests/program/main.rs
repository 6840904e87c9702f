//! The program auroch as a person or a supervisor starts it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

#[path = "../common/mod.rs"]
mod common;

mod bad_starts;
mod copy;
mod copy_refused;
mod etcd;
mod http;
mod k0s;
mod kine;
mod limits_postgres;
mod picture;
mod process;
mod restore;
mod restore_postgres;
mod secrets;
mod shared_postgres;
mod shared_users;
mod sled;
mod sockets;
mod starts;
mod terminal;
mod tls;
