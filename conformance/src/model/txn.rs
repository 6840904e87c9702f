//! Transactions, as `server/etcdserver/txn/txn.go` runs them and `server/etcdserver/api/v3rpc/key.go` checks their shape.

use std::collections::BTreeSet;

use storage_core::{
    Compare, CompareTarget, Key, KeyRange, KeyValue, LeaseId, Op, OpResponse, Relation, Revision, StoreError,
    TxnRequest, TxnResponse,
};

use super::{Model, Write};

impl Model {
    /// Runs a transaction.
    ///
    /// # Errors
    /// As the store.
    pub fn txn(&mut self, txn: &TxnRequest) -> Result<TxnResponse, StoreError> {
        check_shape(txn, self.max_txn_ops)?;
        writes_of(&txn.success)?;
        writes_of(&txn.failure)?;
        let mut path = Vec::new();
        self.compare_to_path(txn, &mut path);
        self.check(txn, &mut path.iter().copied())?;
        let mut response = self.write(|write| write.txn(txn, &mut path.into_iter()));
        response.revision = self.revision;
        Ok(response)
    }

    /// Which branch runs, of this transaction and of all within the branches that run, all before anything does.
    fn compare_to_path(&self, txn: &TxnRequest, path: &mut Vec<bool>) {
        let succeeded = txn.compares.iter().all(|compare| self.holds(compare));
        path.push(succeeded);
        for op in branch(txn, succeeded) {
            if let Op::Txn(inner) = op {
                self.compare_to_path(inner, path);
            }
        }
    }

    fn holds(&self, compare: &Compare) -> bool {
        let keys = self.keys_at(self.revision);
        let mut found = keys.into_values().filter(|kv| compare.keys.contains(&kv.key)).peekable();
        match found.peek() {
            Some(_) => found.all(|kv| holds_for(compare, Some(kv))),
            None => holds_for(compare, None),
        }
    }

    /// What would fail, of all that would run, on the state before it.
    fn check(&self, txn: &TxnRequest, path: &mut impl Iterator<Item = bool>) -> Result<(), StoreError> {
        for op in branch(txn, next(path)) {
            match op {
                Op::Range(range) if range.revision > self.revision => return Err(StoreError::FutureRevision),
                // A negative revision is an old one here, unlike in a plain range.
                Op::Range(range) if range.revision.0 != 0 && range.revision < self.compacted => {
                    return Err(StoreError::Compacted { compact_revision: self.compacted });
                }
                Op::Put(put) => self.check_put(put)?,
                Op::Txn(inner) => self.check(inner, path)?,
                Op::Range(_) | Op::DeleteRange(_) => {}
            }
        }
        Ok(())
    }
}

impl Write<'_> {
    fn txn(&mut self, txn: &TxnRequest, path: &mut impl Iterator<Item = bool>) -> TxnResponse {
        let succeeded = next(path);
        let run = |op: &Op| match op {
            Op::Range(range) => {
                let current = self.revision();
                let at = if range.revision.0 <= 0 { current } else { range.revision };
                OpResponse::Range(self.model.range_at(range, at, current))
            }
            Op::Put(put) => OpResponse::Put(self.put(put)),
            Op::DeleteRange(delete) => OpResponse::DeleteRange(self.delete_range(delete)),
            Op::Txn(inner) => OpResponse::Txn(self.txn(inner, path)),
        };
        let responses = branch(txn, succeeded).iter().map(run).collect();
        // The header of a transaction within another is empty.
        TxnResponse { revision: Revision(0), succeeded, responses }
    }
}

fn next(path: &mut impl Iterator<Item = bool>) -> bool {
    path.next().expect("every transaction that runs was decided")
}

fn branch(txn: &TxnRequest, succeeded: bool) -> &[Op] {
    if succeeded { &txn.success } else { &txn.failure }
}

/// A key that does not exist has zero for every number and no value, which no comparison of values holds for.
fn holds_for(compare: &Compare, kv: Option<&KeyValue>) -> bool {
    let meta = kv.map(|kv| kv.meta);
    let ordering = match &compare.target {
        CompareTarget::Version(operand) => meta.map_or(0, |m| m.version).cmp(operand),
        CompareTarget::Create(operand) => meta.map_or(Revision(0), |m| m.create_revision).cmp(operand),
        CompareTarget::Mod(operand) => meta.map_or(Revision(0), |m| m.mod_revision()).cmp(operand),
        CompareTarget::Lease(operand) => meta.map_or(LeaseId::NONE, |m| m.lease).cmp(operand),
        CompareTarget::Value(operand) => match kv {
            Some(kv) => kv.value.cmp(operand),
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

/// Every request names a key.
pub(super) fn named(key: &Key) -> Result<(), StoreError> {
    if key.is_empty() { Err(StoreError::EmptyKey) } else { Ok(()) }
}

/// The longest list counts against the limit; what is within has the rest.
fn check_shape(txn: &TxnRequest, max_ops: usize) -> Result<(), StoreError> {
    let longest = txn.compares.len().max(txn.success.len()).max(txn.failure.len());
    if longest > max_ops {
        return Err(StoreError::TooManyOps);
    }
    txn.compares.iter().try_for_each(|compare| named(compare.keys.start()))?;
    txn.success.iter().chain(&txn.failure).try_for_each(|op| match op {
        Op::Range(range) => named(range.keys.start()),
        Op::Put(put) => named(&put.key),
        Op::DeleteRange(delete) => named(delete.keys.start()),
        Op::Txn(inner) => check_shape(inner, max_ops - longest),
    })
}

/// `checkIntervals`: the keys put and the ranges deleted by a list of operations, unless it may put a key twice, or put what
/// it deletes. One gap is etcd's: a transaction within may delete what one before it, in the same list, has put.
fn writes_of(ops: &[Op]) -> Result<(BTreeSet<Key>, Vec<KeyRange>), StoreError> {
    let mut puts = BTreeSet::new();
    let deleted = |op: &Op| if let Op::DeleteRange(delete) = op { Some(delete.keys.clone()) } else { None };
    let mut deletes: Vec<KeyRange> = ops.iter().filter_map(deleted).collect();
    let is_deleted = |deletes: &[KeyRange], key: &Key| deletes.iter().any(|range| range.contains(key));
    for op in ops {
        let Op::Txn(inner) = op else { continue };
        let (then_puts, then_deletes) = writes_of(&inner.success)?;
        let (else_puts, else_deletes) = writes_of(&inner.failure)?;
        // One of the two branches runs, so both may put the same key.
        for key in then_puts.union(&else_puts) {
            if is_deleted(&deletes, key) || !puts.insert(key.clone()) {
                return Err(StoreError::DuplicateKey);
            }
        }
        deletes.extend(then_deletes.into_iter().chain(else_deletes));
    }
    for op in ops {
        let Op::Put(put) = op else { continue };
        if is_deleted(&deletes, &put.key) || !puts.insert(put.key.clone()) {
            return Err(StoreError::DuplicateKey);
        }
    }
    Ok((puts, deletes))
}
