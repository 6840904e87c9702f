//! bbolt files, the form of etcd's own database, as far as etcd uses them: one level of buckets, written in one go or read.
//!
//! A file is an array of pages. Pages 0 and 1 are two versions of the [meta page](format::Meta), of which the valid one with
//! the higher transaction id counts. It names the root page of a B+ tree whose entries are the buckets; each bucket is the
//! root of a B+ tree of its own, or, if it is small, may lie inside its entry. A page begins with a header:
//!
//! | bytes | |
//! |---|---|
//! | 8 | its own number |
//! | 2 | what it is: 1 branch, 2 leaf, 4 meta, 16 freelist |
//! | 2 | entries |
//! | 4 | pages that follow and belong to it, for what is larger than a page |
//!
//! Entries of 16 bytes follow, each with the distance from itself to its key (and, behind that, its value): in a leaf u32 flags
//! (1: a bucket), u32 distance, u32 length of the key, u32 length of the value; in a branch u32 distance, u32 length
//! of the key, u64 page. A branch's keys are the first of their pages. All numbers are little endian, as on all machines that etcd
//! supports but one.
//!
//! Ours because no kept crate does it: bbolt-rs (last release in 2024) maps the file and trusts every offset in it, bolt-lite
//! holds it in memory and cannot write.

mod error;
mod format;
mod page;
mod read;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod write;

pub(crate) use self::error::BoltError;
pub(crate) use self::read::{BoltReader, Entries};
pub(crate) use self::source::ReadAt;
pub(crate) use self::write::BoltWriter;
