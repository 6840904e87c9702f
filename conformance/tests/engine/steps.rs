//! Random steps: requests over a tiny space of keys, so that they meet.

use std::fmt;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use storage_core::{
    Compare, CompareTarget, DeleteRangeRequest, KeyRange, LeaseId, Op, PutLease, PutRequest, PutValue, RangeRequest,
    Relation, Revision, RevisionFilter, Sort, SortOrder, SortTarget, TxnRequest,
};

use crate::support::describe::Describe;

/// Keys that are prefixes of each other, neighbours, and binary.
const KEYS: [&[u8]; 6] = [b"a", b"a\0", b"a/b", b"b", b"b\xff", b"c"];
const ENDS: [&[u8]; 6] = [b"", b"\0", b"a0", b"b", b"c", b"a/b"];
const VALUES: [&[u8]; 4] = [b"", b"x", b"y", b"xx"];
const LEASES: [i64; 3] = [1, 7, -3];
/// Operations allowed in a list of a transaction; more than most random ones have.
pub(crate) const MAX_TXN_OPS: usize = 5;

/// A revision in a generated request: from here on it is meant relative to the store's, see [`resolve`].
const RELATIVE: i64 = 1 << 40;
const BELOW: i64 = 12;

/// One step of a test.
#[derive(Clone)]
pub(crate) enum Step {
    Write(Write),
    /// Writes sent at once, without waiting for answers in between.
    Burst(Vec<Write>),
    Range(RangeRequest),
    /// The same range by a stream, in small chunks.
    Stream(RangeRequest, usize),
    Compact(Revision, bool),
    Defragment,
    KeepAlive(LeaseId),
    TimeToLive(LeaseId, bool),
    Leases,
    Hash(Revision),
    Watch(KeyRange, Revision),
    /// Seconds go by.
    Tick(u64),
    /// Closes the store, or cuts it off, and opens it again.
    Reopen {
        clean: bool,
    },
}

/// A request that the writer evaluates.
#[derive(Clone)]
pub(crate) enum Write {
    Put(PutRequest),
    Delete(DeleteRangeRequest),
    Txn(TxnRequest),
    Grant(LeaseId, i64),
    Revoke(LeaseId),
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(r) => f.write_str(&r.describe()),
            Self::Delete(r) => f.write_str(&r.describe()),
            Self::Txn(r) => f.write_str(&r.describe()),
            Self::Grant(id, ttl) => write!(f, "grant {id} for {ttl}"),
            Self::Revoke(id) => write!(f, "revoke {id}"),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(write) => write.fmt(f),
            Self::Burst(writes) => write!(f, "at once {writes:?}"),
            Self::Range(r) => f.write_str(&r.describe()),
            Self::Stream(r, bytes) => write!(f, "stream of {bytes} {}", r.describe()),
            Self::Compact(revision, physical) => write!(f, "compact {revision} physical {physical}"),
            Self::Defragment => f.write_str("defragment"),
            Self::KeepAlive(id) => write!(f, "keep alive {id}"),
            Self::TimeToLive(id, keys) => write!(f, "time to live {id} keys {keys}"),
            Self::Leases => f.write_str("leases"),
            Self::Hash(revision) => write!(f, "hash {revision}"),
            Self::Watch(keys, start) => write!(f, "watch {} from {start}", keys.describe()),
            Self::Tick(seconds) => write!(f, "tick {seconds}"),
            Self::Reopen { clean } => write!(f, "reopen clean {clean}"),
        }
    }
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => write().prop_map(Step::Write),
        4 => vec(burst_write(), 2..6).prop_map(Step::Burst),
        6 => range().prop_map(Step::Range),
        1 => (range(), 1..200usize).prop_map(|(range, bytes)| Step::Stream(range, bytes)),
        2 => (revision(), any::<bool>()).prop_map(|(revision, physical)| Step::Compact(revision, physical)),
        1 => Just(Step::Defragment),
        1 => lease().prop_map(Step::KeepAlive),
        1 => (lease(), any::<bool>()).prop_map(|(id, keys)| Step::TimeToLive(id, keys)),
        1 => Just(Step::Leases),
        2 => revision().prop_map(Step::Hash),
        2 => (keys(), revision()).prop_map(|(keys, revision)| Step::Watch(keys, revision)),
        1 => (1..40u64).prop_map(Step::Tick),
        1 => any::<bool>().prop_map(|clean| Step::Reopen { clean }),
    ]
}

pub(crate) fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        6 => put().prop_map(Write::Put),
        3 => delete().prop_map(Write::Delete),
        6 => txn(3).prop_map(Write::Txn),
        2 => (lease(), ttl()).prop_map(|(id, ttl)| Write::Grant(id, ttl)),
        1 => lease().prop_map(Write::Revoke),
    ]
}

/// Without transactions that only read: those do not wait for the writes before them.
pub(crate) fn burst_write() -> impl Strategy<Value = Write> {
    write().prop_map(|write| match write {
        Write::Txn(mut txn) if reads_only(&txn) => {
            txn.success.push(Op::Put(PutRequest::new(b"b", Bytes::from_static(b"x"))));
            Write::Txn(txn)
        }
        other => other,
    })
}

fn reads_only(txn: &TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).all(|op| matches!(op, Op::Range(_)))
}

fn key() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![60 => prop::sample::select(&KEYS[..]), 1 => Just(&b""[..])]
}

pub(crate) fn keys() -> impl Strategy<Value = KeyRange> {
    prop_oneof![
        2 => key().prop_map(|key| KeyRange::new(key, b"")),
        3 => (key(), prop::sample::select(&ENDS[..])).prop_map(|(key, end)| KeyRange::new(key, end)),
        1 => Just(KeyRange::new(b"\0", b"\0")),
    ]
}

fn value() -> impl Strategy<Value = Bytes> {
    prop::sample::select(&VALUES[..]).prop_map(Bytes::from_static)
}

fn lease() -> impl Strategy<Value = LeaseId> {
    prop::sample::select(&LEASES[..]).prop_map(LeaseId)
}

fn ttl() -> impl Strategy<Value = i64> {
    prop_oneof![1 => Just(-1), 1 => Just(0), 8 => 1..60i64, 1 => Just(9_000_000_000), 1 => Just(9_000_000_001)]
}

/// Mostly near the current revision, sometimes behind it.
pub(crate) fn revision() -> impl Strategy<Value = Revision> {
    prop_oneof![
        3 => Just(Revision(0)),
        6 => (0..BELOW + 2).prop_map(|n| Revision(RELATIVE + n)),
        2 => (-2..12i64).prop_map(Revision),
    ]
}

pub(crate) fn put() -> impl Strategy<Value = PutRequest> {
    let value = prop::option::weighted(0.85, value());
    let lease = prop_oneof![
        5 => Just(PutLease::Set(LeaseId::NONE)),
        3 => lease().prop_map(PutLease::Set),
        1 => Just(PutLease::Keep)
    ];
    (key(), value, lease, any::<bool>()).prop_map(|(key, value, lease, prev_kv)| PutRequest {
        key: key.into(),
        value: value.map_or(PutValue::Keep, PutValue::Set),
        lease,
        prev_kv,
    })
}

fn delete() -> impl Strategy<Value = DeleteRangeRequest> {
    (keys(), any::<bool>()).prop_map(|(keys, prev_kv)| DeleteRangeRequest { keys, prev_kv })
}

fn sort() -> impl Strategy<Value = Option<Sort>> {
    let target = prop::sample::select(vec![
        SortTarget::Key,
        SortTarget::Version,
        SortTarget::Create,
        SortTarget::Mod,
        SortTarget::Value,
    ]);
    let order = prop::option::of(prop::sample::select(vec![SortOrder::Ascend, SortOrder::Descend]));
    prop::option::of((target, order).prop_map(|(target, order)| Sort { target, order }))
}

fn filter() -> impl Strategy<Value = RevisionFilter> {
    let bound = || prop_oneof![3 => Just(Revision(0)), 1 => revision()];
    let bounds = (bound(), bound(), bound(), bound()).prop_map(|(min_mod, max_mod, min_create, max_create)| {
        RevisionFilter { min_mod, max_mod, min_create, max_create }
    });
    prop_oneof![3 => Just(RevisionFilter::default()), 1 => bounds]
}

pub(crate) fn range() -> impl Strategy<Value = RangeRequest> {
    let limit = prop_oneof![Just(0), 1..4usize];
    (keys(), revision(), limit, sort(), prop::bool::weighted(0.2), prop::bool::weighted(0.1), filter()).prop_map(
        |(keys, revision, limit, sort, keys_only, count_only, filter)| RangeRequest {
            keys,
            revision,
            limit,
            sort,
            serializable: false,
            keys_only,
            count_only,
            filter,
        },
    )
}

fn compare() -> impl Strategy<Value = Compare> {
    let relation = prop::sample::select(vec![Relation::Equal, Relation::Greater, Relation::Less, Relation::NotEqual]);
    let target = prop_oneof![
        (0..4i64).prop_map(CompareTarget::Version),
        revision().prop_map(CompareTarget::Create),
        revision().prop_map(CompareTarget::Mod),
        value().prop_map(CompareTarget::Value),
        prop_oneof![Just(LeaseId::NONE), lease()].prop_map(CompareTarget::Lease),
    ];
    (keys(), relation, target).prop_map(|(keys, relation, target)| Compare { keys, relation, target })
}

/// With transactions within, up to `depth` deep.
pub(crate) fn txn(depth: u32) -> BoxedStrategy<TxnRequest> {
    let flat = prop_oneof![
        2 => range().prop_map(Op::Range),
        4 => put().prop_map(Op::Put),
        2 => delete().prop_map(Op::DeleteRange),
    ];
    let op =
        if depth == 0 { flat.boxed() } else { prop_oneof![6 => flat, 2 => txn(depth - 1).prop_map(Op::Txn)].boxed() };
    let ops = || vec(op.clone(), 0..3);
    (vec(compare(), 0..2), ops(), ops())
        .prop_map(|(compares, success, failure)| TxnRequest { compares, success, failure })
        .boxed()
}

/// Makes the relative revisions of a step what they mean while `current` is the store's.
pub(crate) fn resolve(step: &mut Step, current: Revision) {
    match step {
        Step::Write(write) => resolve_write(write, current),
        Step::Burst(writes) => writes.iter_mut().for_each(|write| resolve_write(write, current)),
        Step::Range(range) | Step::Stream(range, _) => resolve_range(range, current),
        Step::Compact(revision, _) | Step::Hash(revision) | Step::Watch(_, revision) => at(revision, current),
        _ => {}
    }
}

pub(crate) fn at(revision: &mut Revision, current: Revision) {
    if revision.0 >= RELATIVE {
        revision.0 += current.0 - RELATIVE - BELOW;
    }
}

pub(crate) fn resolve_write(write: &mut Write, current: Revision) {
    if let Write::Txn(txn) = write {
        resolve_txn(txn, current);
    }
}

pub(crate) fn resolve_range(range: &mut RangeRequest, current: Revision) {
    let RevisionFilter { min_mod, max_mod, min_create, max_create } = &mut range.filter;
    for revision in [&mut range.revision, min_mod, max_mod, min_create, max_create] {
        at(revision, current);
    }
}

fn resolve_txn(txn: &mut TxnRequest, current: Revision) {
    for compare in &mut txn.compares {
        if let CompareTarget::Create(revision) | CompareTarget::Mod(revision) = &mut compare.target {
            at(revision, current);
        }
    }
    for op in txn.success.iter_mut().chain(&mut txn.failure) {
        match op {
            Op::Range(range) => resolve_range(range, current),
            Op::Txn(inner) => resolve_txn(inner, current),
            Op::Put(_) | Op::DeleteRange(_) => {}
        }
    }
}
