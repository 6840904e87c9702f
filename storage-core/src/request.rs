//! What a caller may ask of a [`Store`](crate::Store).

use bytes::Bytes;

use crate::key_range::KeyRange;
use crate::types::{Key, LeaseId, Revision};

/// A read of one key or a range, as etcd's `RangeRequest`.
#[derive(Clone, Debug)]
pub struct RangeRequest {
    /// The keys.
    pub keys: KeyRange,
    /// At which revision; 0 or less is the current one.
    pub revision: Revision,
    /// At most so many keys; 0 is no limit.
    pub limit: usize,
    /// How the answer is ordered, or `None` for key order.
    pub sort: Option<Sort>,
    /// Whether a read may be answered from this server's knowledge alone.
    pub serializable: bool,
    /// Leaves values (and, as etcd 3.7 does, leases) out.
    pub keys_only: bool,
    /// Answers the count only.
    pub count_only: bool,
    /// Bounds of `mod_revision` and `create_revision`.
    pub filter: RevisionFilter,
}

impl RangeRequest {
    /// Everything in `keys`, at the current revision.
    #[must_use]
    pub fn new(keys: KeyRange) -> Self {
        Self {
            keys,
            revision: Revision(0),
            limit: 0,
            sort: None,
            serializable: false,
            keys_only: false,
            count_only: false,
            filter: RevisionFilter::default(),
        }
    }
}

/// Drops keys from an answer by their revisions. 0 is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevisionFilter {
    /// Lowest `mod_revision`.
    pub min_mod: Revision,
    /// Highest `mod_revision`.
    pub max_mod: Revision,
    /// Lowest `create_revision`.
    pub min_create: Revision,
    /// Highest `create_revision`.
    pub max_create: Revision,
}

/// An order for a range's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// What is compared.
    pub target: SortTarget,
    /// Which way. `None` is etcd's unordered form: sorted ascending, but after `limit` was applied.
    pub order: Option<SortOrder>,
}

/// The direction of a [`Sort`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortOrder {
    /// Lowest first.
    Ascend,
    /// Highest first.
    Descend,
}

/// What a [`Sort`] compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortTarget {
    /// The key's bytes.
    Key,
    /// The number of puts in the key's life.
    Version,
    /// The create revision.
    Create,
    /// The mod revision.
    Mod,
    /// The value's bytes.
    Value,
}

/// A write of one key.
#[derive(Clone)]
pub struct PutRequest {
    /// The key.
    pub key: Key,
    /// What to write.
    pub value: PutValue,
    /// Which lease to attach it to.
    pub lease: PutLease,
    /// Whether to answer the key-value before.
    pub prev_kv: bool,
}

/// Values may be secrets: a debug print leaves them out.
impl std::fmt::Debug for PutRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutRequest").field("key", &self.key).field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// The value of a [`PutRequest`].
#[derive(Clone, PartialEq, Eq)]
pub enum PutValue {
    /// These bytes.
    Set(Bytes),
    /// The value that the key has; it must exist (`ignore_value`).
    Keep,
}

/// The lease of a [`PutRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutLease {
    /// This lease, or [`LeaseId::NONE`] to detach.
    Set(LeaseId),
    /// The lease that the key has; it must exist (`ignore_lease`).
    Keep,
}

impl PutRequest {
    /// Writes `value` to `key`, with no lease.
    #[must_use]
    pub fn new(key: &[u8], value: Bytes) -> Self {
        Self { key: key.into(), value: PutValue::Set(value), lease: PutLease::Set(LeaseId::NONE), prev_kv: false }
    }
}

/// A deletion of one key or a range.
#[derive(Clone, Debug)]
pub struct DeleteRangeRequest {
    /// The keys.
    pub keys: KeyRange,
    /// Whether to answer what was deleted.
    pub prev_kv: bool,
}

/// `success` if all of `compares` hold, else `failure`; one revision whatever it changes.
#[derive(Clone, Debug, Default)]
pub struct TxnRequest {
    /// Conditions, all on the state before the transaction.
    pub compares: Vec<Compare>,
    /// Operations if all hold.
    pub success: Vec<Op>,
    /// Operations if one does not.
    pub failure: Vec<Op>,
}

/// One operation of a transaction.
#[derive(Clone, Debug)]
pub enum Op {
    /// A read, which sees what earlier operations of the transaction wrote.
    Range(RangeRequest),
    /// A write.
    Put(PutRequest),
    /// A deletion.
    DeleteRange(DeleteRangeRequest),
    /// A transaction within; its compares too are on the state before the outermost one.
    Txn(TxnRequest),
}

/// One condition of a transaction: for every key in `keys`, its `target` stands in `relation` to the operand.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The keys; a key that does not exist has zero for every number, and no value.
    pub keys: KeyRange,
    /// How the two are related.
    pub relation: Relation,
    /// What is compared, with the operand.
    pub target: CompareTarget,
}

/// The relation that a [`Compare`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Equal to the operand.
    Equal,
    /// Greater than the operand.
    Greater,
    /// Less than the operand.
    Less,
    /// Other than the operand.
    NotEqual,
}

/// What a [`Compare`] compares, with the operand.
#[derive(Clone)]
pub enum CompareTarget {
    /// The number of puts in the key's life.
    Version(i64),
    /// The create revision.
    Create(Revision),
    /// The mod revision.
    Mod(Revision),
    /// The value; never holds for a key that does not exist.
    Value(Bytes),
    /// The lease.
    Lease(LeaseId),
}

/// Values may be secrets: a debug print names the target only.
impl std::fmt::Debug for CompareTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Version(_) => "Version",
            Self::Create(_) => "Create",
            Self::Mod(_) => "Mod",
            Self::Value(_) => "Value",
            Self::Lease(_) => "Lease",
        })
    }
}

/// A kind of alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// The space quota is exhausted.
    NoSpace,
    /// The data is known to be damaged.
    Corrupt,
}
