//! What can be said against a request without looking at the state. Done by the caller, not by the writer.

use std::collections::HashSet;

use crate::error::StoreError;
use crate::key_range::{KeyRange, RangeEnd};
use crate::request::{Compare, CompareTarget, DeleteRangeRequest, Op, PutRequest, PutValue, RangeRequest, TxnRequest};
use crate::types::Key;

pub(crate) fn check_keys(keys: &KeyRange) -> Result<(), StoreError> {
    if keys.start().is_empty() { Err(StoreError::EmptyKey) } else { Ok(()) }
}

pub(crate) fn check_range(request: &RangeRequest) -> Result<(), StoreError> {
    check_keys(&request.keys)
}

pub(crate) fn check_put(request: &PutRequest) -> Result<(), StoreError> {
    if request.key.is_empty() { Err(StoreError::EmptyKey) } else { Ok(()) }
}

pub(crate) fn check_delete(request: &DeleteRangeRequest) -> Result<(), StoreError> {
    check_keys(&request.keys)
}

/// Checks a transaction's shape: its size (`max_ops` for each list; what a list uses, those within it lack), its keys, and that
/// no key is written twice.
pub(crate) fn check_txn(txn: &TxnRequest, max_ops: usize) -> Result<(), StoreError> {
    check_ops(txn, max_ops)?;
    Writes::of(&txn.success)?;
    Writes::of(&txn.failure)?;
    Ok(())
}

fn check_ops(txn: &TxnRequest, max_ops: usize) -> Result<(), StoreError> {
    let ops = txn.compares.len().max(txn.success.len()).max(txn.failure.len());
    let Some(left) = max_ops.checked_sub(ops) else { return Err(StoreError::TooManyOps) };
    txn.compares.iter().try_for_each(|c| check_keys(&c.keys))?;
    txn.success.iter().chain(&txn.failure).try_for_each(|op| match op {
        Op::Range(request) => check_range(request),
        Op::Put(request) => check_put(request),
        Op::DeleteRange(request) => check_delete(request),
        Op::Txn(inner) => check_ops(inner, left),
    })
}

/// What a list of operations may write.
#[derive(Default)]
struct Writes {
    puts: HashSet<Key>,
    deleted_keys: HashSet<Key>,
    deleted_ranges: Vec<KeyRange>,
}

impl Writes {
    /// The writes of `ops`, or an error if two of them may write one key. Two deletions may, and so may the two branches of a
    /// transaction within, of which only one runs.
    fn of(ops: &[Op]) -> Result<Self, StoreError> {
        if let [] | [Op::Put(_) | Op::DeleteRange(_) | Op::Range(_)] = ops {
            return Ok(Self::single(ops.first()));
        }
        let mut writes = Self::default();
        for op in ops {
            if let Op::DeleteRange(delete) = op {
                writes.add_delete(&delete.keys);
            }
        }
        for op in ops {
            if let Op::Txn(inner) = op {
                writes.add_txn(inner)?;
            }
        }
        for op in ops {
            if let Op::Put(put) = op {
                writes.add_put(&put.key)?;
            }
        }
        Ok(writes)
    }

    fn single(op: Option<&Op>) -> Self {
        let mut writes = Self::default();
        match op {
            Some(Op::Put(put)) => drop(writes.puts.insert(put.key.clone())),
            Some(Op::DeleteRange(delete)) => writes.add_delete(&delete.keys),
            _ => {}
        }
        writes
    }

    fn add_delete(&mut self, keys: &KeyRange) {
        match keys.as_single() {
            Some(key) => drop(self.deleted_keys.insert(key.clone())),
            None => self.deleted_ranges.push(keys.clone()),
        }
    }

    fn deletes(&self, key: &Key) -> bool {
        self.deleted_keys.contains(key) || self.deleted_ranges.iter().any(|range| range.contains(key))
    }

    fn add_put(&mut self, key: &Key) -> Result<(), StoreError> {
        if self.deletes(key) || !self.puts.insert(key.clone()) {
            return Err(StoreError::DuplicateKey);
        }
        Ok(())
    }

    fn add_txn(&mut self, inner: &TxnRequest) -> Result<(), StoreError> {
        let success = Self::of(&inner.success)?;
        let failure = Self::of(&inner.failure)?;
        for key in &success.puts {
            self.add_put(key)?;
        }
        for key in &failure.puts {
            if !success.puts.contains(key) {
                self.add_put(key)?;
            }
        }
        for branch in [success, failure] {
            self.deleted_keys.extend(branch.deleted_keys);
            self.deleted_ranges.extend(branch.deleted_ranges);
        }
        Ok(())
    }
}

/// About how many bytes a write brings: keys and values.
pub(crate) fn txn_bytes(txn: &TxnRequest) -> usize {
    txn.success.iter().chain(&txn.failure).map(op_bytes).sum::<usize>()
        + txn.compares.iter().map(compare_bytes).sum::<usize>()
}

fn compare_bytes(compare: &Compare) -> usize {
    let operand = if let CompareTarget::Value(value) = &compare.target { value.len() } else { size_of::<i64>() };
    keys_bytes(&compare.keys) + operand
}

fn keys_bytes(keys: &KeyRange) -> usize {
    keys.start().len() + if let RangeEnd::Before(end) = keys.end() { end.len() } else { 0 }
}

fn op_bytes(op: &Op) -> usize {
    match op {
        Op::Put(put) => put_bytes(put),
        Op::Txn(inner) => txn_bytes(inner),
        Op::Range(request) => keys_bytes(&request.keys),
        Op::DeleteRange(request) => keys_bytes(&request.keys),
    }
}

pub(crate) fn put_bytes(put: &PutRequest) -> usize {
    let value = if let PutValue::Set(value) = &put.value { value.len() } else { 0 };
    put.key.len() + value
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn put(key: &str) -> Op {
        Op::Put(PutRequest::new(key.as_bytes(), Bytes::new()))
    }

    fn delete(key: &str, end: &str) -> Op {
        let keys = KeyRange::new(key.as_bytes(), end.as_bytes());
        Op::DeleteRange(DeleteRangeRequest { keys, prev_kv: false })
    }

    fn txn(success: Vec<Op>, failure: Vec<Op>) -> TxnRequest {
        TxnRequest { compares: Vec::new(), success, failure }
    }

    fn check(success: Vec<Op>) -> Result<(), StoreError> {
        check_txn(&txn(success, Vec::new()), 128)
    }

    #[test]
    fn a_key_is_put_once() {
        assert_eq!(check(vec![put("a"), put("b")]), Ok(()));
        assert_eq!(check(vec![put("a"), put("a")]), Err(StoreError::DuplicateKey));
    }

    #[test]
    fn a_key_is_not_put_inside_a_deleted_range() {
        assert_eq!(check(vec![put("b"), delete("a", "c")]), Err(StoreError::DuplicateKey));
        assert_eq!(check(vec![put("a"), delete("a", "")]), Err(StoreError::DuplicateKey));
        assert_eq!(check(vec![put("c"), delete("a", "c")]), Ok(()));
        assert_eq!(check(vec![delete("a", "c"), delete("b", "d")]), Ok(()));
    }

    #[test]
    fn the_two_branches_of_an_inner_transaction_may_overlap() {
        let inner = |a: &str, b: &str| Op::Txn(txn(vec![put(a)], vec![put(b)]));
        assert_eq!(check(vec![inner("a", "a")]), Ok(()));
        assert_eq!(check(vec![inner("a", "b"), put("b")]), Err(StoreError::DuplicateKey));
        assert_eq!(check(vec![inner("a", "b"), inner("b", "c")]), Err(StoreError::DuplicateKey));
        assert_eq!(check(vec![inner("b", "c"), delete("c", "d")]), Err(StoreError::DuplicateKey));
        let deleting = Op::Txn(txn(vec![delete("a", "c")], vec![]));
        assert_eq!(check(vec![deleting, put("b")]), Err(StoreError::DuplicateKey));
    }

    #[test]
    fn inner_transactions_have_what_their_parents_left_of_the_limit() {
        let inner = Op::Txn(txn(vec![put("a"), put("b")], vec![]));
        let outer = txn(vec![inner, put("c")], vec![]);
        assert_eq!(check_txn(&outer, 4), Ok(()));
        assert_eq!(check_txn(&outer, 3), Err(StoreError::TooManyOps));
    }

    #[test]
    fn every_operation_names_a_key() {
        assert_eq!(check(vec![put("")]), Err(StoreError::EmptyKey));
        assert_eq!(check(vec![delete("", "\0")]), Err(StoreError::EmptyKey));
    }
}
