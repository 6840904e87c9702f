//! The commit log in a directory that sled keeps: [`SledBackend`], embedded and in Rust alone.
//!
//! # The directory
//! `lock` keeps a second server away, `data/` is sled's, with our `format` in it. All is in sled's one default tree, so that a
//! group is one [`sled::Batch`]. A commit has the form of [`storage_core::commit::encode_commit`]. The first byte of a key says
//! what it is:
//!
//! | key | value |
//! |---|---|
//! | `c`, revision | a commit that changes keys, behind its position |
//! | `l`, position | a commit that changes none, behind its revision |
//! | `r`, length and bytes of a control record's key | the record |
//!
//! Numbers are big-endian, so that order by key is the log's. Positions ascend with revisions: the log is the merge of `c` and `l`.
//! Every key ends in the number of a chunk: see the module `record` for why.
//!
//! # Who does what
//! - One **writer** thread changes the tree: a group is applied, flushed by sled and then by ourselves, and only then known.
//! - Two **reader** threads answer scans and values. sled has no snapshots, and shows what is not flushed yet: a read keeps to
//!   what the writer has made known.
//! - Loads and backups have threads of their own; compaction waits for them, appends do not.

mod backend;
mod backup;
mod copy;
mod database;
mod defragment;
mod dsn;
mod error;
mod failure;
mod file;
mod options;
mod reader;
mod record;
mod schema;
mod shared;
mod threads;
mod writer;

pub use backend::SledBackend;
pub use error::OpenError;
pub use file::remove;
pub use options::SledOptions;
