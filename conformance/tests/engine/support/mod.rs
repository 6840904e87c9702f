//! What the tests share.

pub(crate) mod clock;
pub(crate) mod describe;
pub(crate) mod door;
pub(crate) mod gate;
pub(crate) mod seed;

use bytes::Bytes;
use storage_core::{Compare, CompareTarget, KeyRange, Op, PutRequest, RangeRequest, Relation, Revision, TxnRequest};

pub(crate) fn put(key: &str, value: &str) -> PutRequest {
    PutRequest::new(key.as_bytes(), Bytes::copy_from_slice(value.as_bytes()))
}

pub(crate) fn keys(start: &str, end: &str) -> KeyRange {
    KeyRange::new(start.as_bytes(), end.as_bytes())
}

/// Every key there can be, as a request names it.
pub(crate) fn all_keys() -> KeyRange {
    keys("\0", "\0")
}

pub(crate) fn range(start: &str, end: &str) -> RangeRequest {
    RangeRequest::new(keys(start, end))
}

/// Puts `key` if its mod revision is `mod_revision`, as Kubernetes creates (0) and updates.
pub(crate) fn put_if(key: &str, value: &str, mod_revision: Revision) -> TxnRequest {
    let unchanged =
        Compare { keys: keys(key, ""), relation: Relation::Equal, target: CompareTarget::Mod(mod_revision) };
    let otherwise = Op::Range(range(key, ""));
    TxnRequest { compares: vec![unchanged], success: vec![Op::Put(put(key, value))], failure: vec![otherwise] }
}
