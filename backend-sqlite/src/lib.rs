//! The commit log in a SQLite file: [`SqliteBackend`], the embedded default.
//!
//! # The file
//! Three tables, no secondary index. Every commit is one row in the form of [`storage_core::commit::encode_commit`], with its revision and
//! position as the row's own columns:
//!
//! - `commits(revision, position, data)`: commits that change keys. The revision is the row id, so the values of a revision are
//!   one lookup away, and appends always touch the right edge of one tree.
//! - `control_log(position, revision, data)`: commits that change no key. They have no revision of their own.
//! - `control(key, value)`: the control records as the log left them.
//!
//! Positions ascend with row ids in both, so the log is the merge of two scans. `application_id` says that the file is ours,
//! `user_version` is the schema's version.
//!
//! # Who does what
//! - One **writer** thread owns the only connection that changes rows: a group is a transaction, and the transaction's commit
//!   is one flush of the write-ahead log.
//! - A **checkpoint** thread moves the write-ahead log into the file meanwhile, so that no append waits for that.
//! - Two **reader** threads answer scans and values, each from its own connection and snapshot. They never wait for the
//!   writer, nor it for them.
//!
//! A lock on `<file>.lock` keeps a second server away. Other programs may read the file, or copy it with `VACUUM INTO`, at
//! any time.

mod backend;
mod backup;
mod checkpoint;
mod connection;
mod dsn;
mod error;
mod failure;
mod file;
mod options;
mod reader;
mod schema;
mod shared;
mod threads;
mod writer;

pub use backend::SqliteBackend;
pub use error::OpenError;
pub use file::remove;
pub use options::SqliteOptions;
