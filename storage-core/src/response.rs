//! What a [`Store`](crate::Store) answers. Every `revision` is the one for etcd's response header.

use bytes::Bytes;

use crate::read::Completion;
use crate::request::AlarmKind;
use crate::types::{Key, LeaseId, Revision, VersionMeta};

/// A key with one version of it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// The key.
    pub key: Key,
    /// Its revisions, version and lease.
    pub meta: VersionMeta,
    /// The value; empty where the request asked for keys only.
    pub value: Bytes,
}

/// Values may be secrets: a debug print leaves them out.
impl std::fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyValue").field("key", &self.key).field("meta", &self.meta).finish_non_exhaustive()
    }
}

/// The answer to a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeResponse {
    /// The store's revision when it was read, even where an older one was asked for.
    pub revision: Revision,
    /// The keys.
    pub kvs: Vec<KeyValue>,
    /// Whether `limit` cut the answer short.
    pub more: bool,
    /// How many keys the range has at that revision, whatever limit and filters left out.
    pub count: usize,
    pub(crate) completion: Completion,
}

/// The answer to a put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutResponse {
    /// The put's revision.
    pub revision: Revision,
    /// The key-value before, if asked for and there was one.
    pub prev_kv: Option<KeyValue>,
}

/// The answer to a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRangeResponse {
    /// The deletion's revision, or the current one where nothing was deleted.
    pub revision: Revision,
    /// How many keys were deleted.
    pub deleted: usize,
    /// The key-values before, if asked for.
    pub prev_kvs: Vec<KeyValue>,
}

/// The answer to a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnResponse {
    /// The transaction's revision, or the current one where it changed nothing; 0 for one within another.
    pub revision: Revision,
    /// Whether all compares held.
    pub succeeded: bool,
    /// An answer for each operation that ran.
    pub responses: Vec<OpResponse>,
}

/// The answer to one operation of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpResponse {
    /// To a read.
    Range(RangeResponse),
    /// To a write.
    Put(PutResponse),
    /// To a deletion.
    DeleteRange(DeleteRangeResponse),
    /// To a transaction within.
    Txn(TxnResponse),
}

/// The answer to a lease grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseGrantResponse {
    /// The store's revision.
    pub revision: Revision,
    /// The lease.
    pub id: LeaseId,
    /// Its time to live in seconds, which may be more than was asked for.
    pub ttl: i64,
}

/// The answer to a keepalive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseKeepAliveResponse {
    /// The store's revision.
    pub revision: Revision,
    /// The lease.
    pub id: LeaseId,
    /// Its renewed time to live in seconds; 0 if the lease is not (or no longer) there.
    pub ttl: i64,
}

/// The answer to a question for a lease's time to live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseTimeToLiveResponse {
    /// The store's revision.
    pub revision: Revision,
    /// The lease.
    pub id: LeaseId,
    /// Whole seconds that remain; -1 if the lease is not there.
    pub ttl: i64,
    /// The seconds it was granted for; 0 if the lease is not there.
    pub granted_ttl: i64,
    /// The keys attached to it, if asked for.
    pub keys: Vec<Key>,
}

/// An alarm that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    /// The member it is about.
    pub member_id: u64,
    /// Its kind.
    pub kind: AlarmKind,
}

/// The answer to `HashKV`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKvResponse {
    /// The store's revision.
    pub revision: Revision,
    /// CRC-32C over all kept versions up to `hash_revision`, as etcd computes it.
    pub hash: u32,
    /// The compacted revision that the hash took into account; -1 if nothing was ever compacted.
    pub compact_revision: Revision,
    /// The revision hashed through.
    pub hash_revision: Revision,
}
