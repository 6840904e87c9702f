//! Keys and requests as kube-apiserver makes them (`client/v3/kubernetes` of etcd).

use bytes::Bytes;
use proto::etcdserverpb::{
    Compare, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest, WatchRequest,
    compare::{CompareResult, CompareTarget, TargetUnion},
    request_op, watch_request,
};

/// What all keys begin with.
pub const PREFIX: &[u8] = b"/registry/pods/";
/// The first key behind all keys with [`PREFIX`].
pub const PREFIX_END: &[u8] = b"/registry/pods0";
/// Namespaces that the keys are spread over.
const NAMESPACES: usize = 100;

/// The key of object `number`.
#[must_use]
pub fn key(number: usize) -> Bytes {
    format!("/registry/pods/ns-{:03}/pod-{number:08}", number % NAMESPACES).into()
}

/// Writes `value` if the key does not exist.
#[must_use]
pub fn create(key: Bytes, value: Bytes) -> TxnRequest {
    guarded_put(key, 0, value, None)
}

/// Writes `value` if the key's mod revision is `revision`, or else reads it.
#[must_use]
pub fn update(key: Bytes, revision: i64, value: Bytes) -> TxnRequest {
    let current = request_op::Request::RequestRange(get(key.clone()));
    guarded_put(key, revision, value, Some(current))
}

fn guarded_put(key: Bytes, revision: i64, value: Bytes, failure: Option<request_op::Request>) -> TxnRequest {
    let compare = Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: key.clone(),
        target_union: Some(TargetUnion::ModRevision(revision)),
        ..Compare::default()
    };
    let put = request_op::Request::RequestPut(PutRequest { key, value, ..PutRequest::default() });
    let op = |request| RequestOp { request: Some(request) };
    TxnRequest { compare: vec![compare], success: vec![op(put)], failure: failure.into_iter().map(op).collect() }
}

/// Reads one key.
#[must_use]
pub fn get(key: Bytes) -> RangeRequest {
    RangeRequest { key, limit: 1, ..RangeRequest::default() }
}

/// Reads everything.
#[must_use]
pub fn list() -> RangeRequest {
    page(Bytes::from_static(PREFIX), 0, 0)
}

/// Reads up to `limit` keys from `start` on, as they were at `revision`.
#[must_use]
pub fn page(start: Bytes, limit: usize, revision: i64) -> RangeRequest {
    let limit = i64::try_from(limit).expect("a limit is small");
    let range_end = Bytes::from_static(PREFIX_END);
    RangeRequest { key: start, range_end, limit, revision, ..RangeRequest::default() }
}

/// Counts everything.
#[must_use]
pub fn count() -> RangeRequest {
    RangeRequest { count_only: true, ..list() }
}

/// Watches everything from now on.
#[must_use]
pub fn watch() -> WatchRequest {
    let create = WatchCreateRequest {
        key: Bytes::from_static(PREFIX),
        range_end: Bytes::from_static(PREFIX_END),
        prev_kv: true,
        progress_notify: true,
        ..WatchCreateRequest::default()
    };
    WatchRequest { request_union: Some(watch_request::RequestUnion::CreateRequest(create)) }
}
