//! Requests and answers in full: the engine's own debug prints leave keys and values out. Equal texts are equal answers.

use std::fmt::Write as _;

use storage_core::{
    Compare, CompareTarget, DeleteRangeRequest, DeleteRangeResponse, KeyRange, KeyValue, Op, OpResponse, PutLease,
    PutRequest, PutResponse, PutValue, RangeEnd, RangeRequest, RangeResponse, StoreError, TxnRequest, TxnResponse,
};

/// Anything that the tests compare or print.
pub(crate) trait Describe {
    fn describe(&self) -> String;
}

pub(crate) fn text(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

fn list<T: Describe>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(Describe::describe).collect();
    format!("[{}]", items.join(", "))
}

impl<T: Describe> Describe for Result<T, StoreError> {
    fn describe(&self) -> String {
        match self {
            Ok(answer) => answer.describe(),
            Err(error) => format!("error {error:?}"),
        }
    }
}

macro_rules! by_debug {
    ($($answer:ty),*) => {$(
        impl Describe for $answer {
            fn describe(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}
by_debug!(
    storage_core::Revision,
    storage_core::LeaseGrantResponse,
    storage_core::LeaseKeepAliveResponse,
    storage_core::HashKvResponse,
    Vec<storage_core::LeaseId>
);

impl Describe for KeyValue {
    fn describe(&self) -> String {
        let meta = &self.meta;
        let mut out = text(&self.key);
        if meta.is_tombstone() {
            out.push_str(" deleted");
        } else {
            let (create, version) = (meta.create_revision, meta.version);
            let _ = write!(out, "={} create {create} version {version} lease {}", text(&self.value), meta.lease);
        }
        let _ = write!(out, " mod {}.{}", meta.id.revision, meta.id.sub);
        out
    }
}

impl Describe for Option<KeyValue> {
    fn describe(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), Describe::describe)
    }
}

impl Describe for RangeResponse {
    fn describe(&self) -> String {
        let Self { revision, more, count, kvs, .. } = self;
        format!("range @{revision} count {count} more {more} {}", list(kvs))
    }
}

impl Describe for PutResponse {
    fn describe(&self) -> String {
        format!("put @{} prev {}", self.revision, self.prev_kv.describe())
    }
}

impl Describe for DeleteRangeResponse {
    fn describe(&self) -> String {
        format!("delete @{} deleted {} prev {}", self.revision, self.deleted, list(&self.prev_kvs))
    }
}

impl Describe for TxnResponse {
    fn describe(&self) -> String {
        format!("txn @{} succeeded {} {}", self.revision, self.succeeded, list(&self.responses))
    }
}

impl Describe for OpResponse {
    fn describe(&self) -> String {
        match self {
            Self::Range(r) => r.describe(),
            Self::Put(r) => r.describe(),
            Self::DeleteRange(r) => r.describe(),
            Self::Txn(r) => r.describe(),
        }
    }
}

impl Describe for storage_core::LeaseTimeToLiveResponse {
    fn describe(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(|key| text(key)).collect();
        let Self { revision, id, ttl, granted_ttl, .. } = self;
        format!("lease {id} @{revision} ttl {ttl} of {granted_ttl} keys {keys:?}")
    }
}

impl Describe for KeyRange {
    fn describe(&self) -> String {
        let end = match self.end() {
            RangeEnd::Single => return text(self.start()),
            RangeEnd::Before(end) => text(end),
            RangeEnd::Open => String::new(),
        };
        format!("{}..{end}", text(self.start()))
    }
}

impl Describe for RangeRequest {
    fn describe(&self) -> String {
        let Self { revision, limit, keys_only, count_only, .. } = self;
        let mut out = format!("range {} at {revision} limit {limit}", self.keys.describe());
        if let Some(sort) = self.sort {
            let _ = write!(out, " {sort:?}");
        }
        let _ = write!(out, " keys_only {keys_only} count_only {count_only} {:?}", self.filter);
        out
    }
}

impl Describe for PutRequest {
    fn describe(&self) -> String {
        let value = if let PutValue::Set(value) = &self.value { text(value) } else { "kept".to_owned() };
        let lease = if let PutLease::Set(lease) = self.lease { lease.to_string() } else { "kept".to_owned() };
        format!("put {}={value} lease {lease} prev {}", text(&self.key), self.prev_kv)
    }
}

impl Describe for DeleteRangeRequest {
    fn describe(&self) -> String {
        format!("delete {} prev {}", self.keys.describe(), self.prev_kv)
    }
}

impl Describe for TxnRequest {
    fn describe(&self) -> String {
        let (compares, success, failure) = (list(&self.compares), list(&self.success), list(&self.failure));
        format!("txn if {compares} then {success} else {failure}")
    }
}

impl Describe for Compare {
    fn describe(&self) -> String {
        let target = match &self.target {
            CompareTarget::Version(n) => format!("version {n}"),
            CompareTarget::Create(n) => format!("create {n}"),
            CompareTarget::Mod(n) => format!("mod {n}"),
            CompareTarget::Value(value) => format!("value {}", text(value)),
            CompareTarget::Lease(n) => format!("lease {n}"),
        };
        format!("{} {:?} {target}", self.keys.describe(), self.relation)
    }
}

impl Describe for Op {
    fn describe(&self) -> String {
        match self {
            Self::Range(r) => r.describe(),
            Self::Put(r) => r.describe(),
            Self::DeleteRange(r) => r.describe(),
            Self::Txn(r) => r.describe(),
        }
    }
}
