//! Transactions: which branches run, what they need, and what speaks against them. Pure functions of the index.

use std::collections::HashMap;
use std::ops::ControlFlow;

use bytes::Bytes;

use crate::error::StoreError;
use crate::index::Index;
use crate::request::{Compare, CompareTarget, Op, PutLease, PutRequest, PutValue, Relation, TxnRequest};
use crate::types::{LeaseId, Revision, VersionId, VersionMeta};

/// Values that an evaluation needs, fetched beforehand.
pub(crate) type Prefetched = HashMap<VersionId, Bytes>;

/// Which branch of a transaction runs, and of those within it, in order.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) succeeded: bool,
    pub(crate) inner: Vec<Path>,
}

impl Path {
    /// The operations that run.
    pub(crate) fn ops<'a>(&self, txn: &'a TxnRequest) -> &'a [Op] {
        if self.succeeded { &txn.success } else { &txn.failure }
    }
}

/// Whether a transaction changes nothing whatever its compares say. As in etcd, one with another within it may.
pub(crate) fn is_read_only(txn: &TxnRequest) -> bool {
    txn.success.iter().chain(&txn.failure).all(|op| matches!(op, Op::Range(_)))
}

/// Whether a transaction that only reads may be answered from this store's knowledge alone. One of nothing asks for the revision.
pub(crate) fn is_serializable(txn: &TxnRequest) -> bool {
    let asks_nothing = txn.success.is_empty() && txn.failure.is_empty();
    let mut ops = txn.success.iter().chain(&txn.failure);
    txn.compares.is_empty() && !asks_nothing && ops.all(|op| matches!(op, Op::Range(range) if range.serializable))
}

/// Decides every branch on the state at `at`, before anything is applied.
pub(crate) fn decide(index: &Index, at: Revision, txn: &TxnRequest, values: &Prefetched) -> Path {
    let succeeded = txn.compares.iter().all(|c| holds(index, at, c, values));
    let mut path = Path { succeeded, inner: Vec::new() };
    for op in path.ops(txn) {
        if let Op::Txn(inner) = op {
            path.inner.push(decide(index, at, inner, values));
        }
    }
    path
}

fn holds(index: &Index, at: Revision, compare: &Compare, values: &Prefetched) -> bool {
    let mut any = false;
    let mut all = true;
    index.visit(&compare.keys, at, |_, meta| {
        any = true;
        all = holds_for(compare, Some(meta), values);
        if all { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    if any { all } else { holds_for(compare, None, values) }
}

fn holds_for(compare: &Compare, found: Option<&VersionMeta>, values: &Prefetched) -> bool {
    let ordering = match &compare.target {
        CompareTarget::Version(operand) => found.map_or(0, |v| v.version).cmp(operand),
        CompareTarget::Create(operand) => found.map_or(Revision(0), |v| v.create_revision).cmp(operand),
        CompareTarget::Mod(operand) => found.map_or(Revision(0), VersionMeta::mod_revision).cmp(operand),
        CompareTarget::Lease(operand) => found.map_or(LeaseId::NONE, |v| v.lease).cmp(operand),
        CompareTarget::Value(operand) => match found {
            Some(meta) => value_of(meta, values).cmp(operand),
            None => return false,
        },
    };
    match compare.relation {
        Relation::Equal => ordering.is_eq(),
        Relation::NotEqual => ordering.is_ne(),
        Relation::Greater => ordering.is_gt(),
        Relation::Less => ordering.is_lt(),
    }
}

/// A prefetched value; empty ones are not fetched.
pub(crate) fn value_of(meta: &VersionMeta, values: &Prefetched) -> Bytes {
    if meta.value_bytes() == 0 {
        return Bytes::new();
    }
    values.get(&meta.id).expect("values that an evaluation needs are fetched before it").clone()
}

/// The versions whose values the evaluation will need: those compared by value, and those that puts keep.
pub(crate) fn needed_by_txn(index: &Index, at: Revision, txn: &TxnRequest, out: &mut Vec<VersionId>) {
    for compare in &txn.compares {
        if matches!(compare.target, CompareTarget::Value(_)) {
            index.visit(&compare.keys, at, |_, meta| {
                if meta.value_bytes() > 0 {
                    out.push(meta.id);
                }
                ControlFlow::Continue(())
            });
        }
    }
    for op in txn.success.iter().chain(&txn.failure) {
        match op {
            Op::Put(put) => needed_by_put(index, at, put, out),
            Op::Txn(inner) => needed_by_txn(index, at, inner, out),
            Op::Range(_) | Op::DeleteRange(_) => {}
        }
    }
}

pub(crate) fn needed_by_put(index: &Index, at: Revision, put: &PutRequest, out: &mut Vec<VersionId>) {
    if put.value == PutValue::Keep
        && let Some((_, meta)) = index.get(&put.key, at)
        && meta.value_bytes() > 0
    {
        out.push(meta.id);
    }
}

/// What speaks against the operations that would run. Nothing has been applied yet, and nothing fails later.
pub(crate) fn check_path(
    index: &Index,
    at: Revision,
    compacted: Revision,
    txn: &TxnRequest,
    path: &Path,
    lease_exists: &impl Fn(LeaseId) -> bool,
) -> Result<(), StoreError> {
    let mut inner = path.inner.iter();
    path.ops(txn).iter().try_for_each(|op| match op {
        Op::Range(range) => check_revision(at, compacted, range.revision),
        Op::Put(put) => check_put_applies(index, at, put, lease_exists),
        Op::DeleteRange(_) => Ok(()),
        Op::Txn(txn) => {
            let path = inner.next().expect("every inner transaction was decided");
            check_path(index, at, compacted, txn, path, lease_exists)
        }
    })
}

/// As etcd checks it within a transaction: a negative revision is an old one, not the current one.
fn check_revision(at: Revision, compacted: Revision, requested: Revision) -> Result<(), StoreError> {
    if requested > at {
        return Err(StoreError::FutureRevision);
    }
    if requested.0 != 0 && requested < compacted {
        return Err(StoreError::Compacted { compact_revision: compacted });
    }
    Ok(())
}

pub(crate) fn check_put_applies(
    index: &Index,
    at: Revision,
    put: &PutRequest,
    lease_exists: &impl Fn(LeaseId) -> bool,
) -> Result<(), StoreError> {
    if let PutLease::Set(lease) = put.lease
        && lease != LeaseId::NONE
        && !lease_exists(lease)
    {
        return Err(StoreError::LeaseNotFound);
    }
    let keeps = put.value == PutValue::Keep || put.lease == PutLease::Keep;
    if keeps && index.get(&put.key, at).is_none() { Err(StoreError::KeyNotFound) } else { Ok(()) }
}

/// What the quota reckons a transaction to bring: the larger branch, by etcd's overheads.
pub(crate) fn quota_cost(txn: &TxnRequest) -> u64 {
    let branch = |ops: &[Op]| ops.iter().map(op_cost).sum::<u64>();
    branch(&txn.success).max(branch(&txn.failure))
}

fn op_cost(op: &Op) -> u64 {
    match op {
        Op::Put(put) => put_cost(put),
        Op::Txn(inner) => quota_cost(inner),
        Op::Range(_) | Op::DeleteRange(_) => 0,
    }
}

pub(crate) fn put_cost(put: &PutRequest) -> u64 {
    const KV_OVERHEAD: u64 = 256;
    KV_OVERHEAD + super::check::put_bytes(put) as u64
}
