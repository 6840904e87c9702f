//! The commit log in PostgreSQL: [`PostgresBackend`], for any number of servers on one database.
//!
//! # The tables
//! All are in the schema `auroch`. Every commit is one row in the form of [`storage_core::commit::encode_commit`], with its revision
//! and position as the row's own columns:
//!
//! - `head(position, revision)`: one row, where the log ends. Whoever moves it appends; its row lock is the order of the log.
//! - `commits(revision, position, data)`: commits that change keys. No secondary index: positions ascend with revisions.
//! - `control_log(position, revision, data)`: commits that change no key.
//! - `control(key, value)`: the control records as the log left them.
//! - `servers(id, name, peer_urls, client_urls, seen_at)`: who is alive, by the database's clock.
//! - `leader(id, seen_at)`: who of them revokes leases that are due.
//! - `schema_version(version)`: one row.
//!
//! # Who does what
//! - An **append** is one statement, and so one round trip and one transaction: it moves the head if the head is where the caller
//!   expects it, inserts all rows, and notifies. If the head is elsewhere nothing is written.
//! - **Turns** are an advisory lock, which PostgreSQL gives in the order in which it was asked for. What others have appended comes
//!   with the lock, and the append gives it on when its commit is visible.
//! - The **tip** follows notifications, and polls for those that are lost. Of appends in turns, which follow each other closely, not
//!   each one is notified.
//! - **Reads** take a connection from a small pool. All connections go to the one of the DSN's hosts that takes writes, so
//!   that after a failover new ones find the promoted standby. A former primary that comes back is known by its timeline. Where
//!   commits wait for a standby, a new connection does so too, so that nothing is read that a crash left on the primary alone.

mod append;
mod backend;
mod clear;
mod clock;
mod compact;
mod connect;
mod dsn;
mod error;
mod failure;
mod heartbeat;
mod options;
mod primary;
mod reader;
mod schema;
mod shared;
mod silence;
mod tell;
mod tip;
mod turns;

pub use backend::PostgresBackend;
pub use error::OpenError;
pub use options::PostgresOptions;
