//! Keys and requests as kube-apiserver makes them (`client/v3/kubernetes` of etcd).

use bytes::Bytes;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, WatchCreateRequest, WatchRequest,
    compare::{CompareResult, CompareTarget, TargetUnion},
    request_op, watch_request,
};

/// What all keys begin with: below kube-apiserver's own root, beside all that it may keep there.
pub const ROOT: &[u8] = b"/registry/bench/";
/// The first key behind all keys with [`ROOT`].
pub const ROOT_END: &[u8] = b"/registry/bench0";
/// What the keys of most workloads begin with, which lists and watches are about.
pub const PREFIX: &[u8] = b"/registry/bench/pods/";
/// The first key behind all keys with [`PREFIX`].
pub const PREFIX_END: &[u8] = b"/registry/bench/pods0";
/// The resource whose keys begin with [`PREFIX`].
pub const PODS: &str = "pods";
/// Namespaces that the keys are spread over.
const NAMESPACES: usize = 100;

/// What all keys of a resource begin with.
#[must_use]
pub fn prefix(resource: &str) -> Bytes {
    format!("/registry/bench/{resource}/").into()
}

/// The first key behind all keys of a resource.
#[must_use]
pub fn prefix_end(resource: &str) -> Bytes {
    format!("/registry/bench/{resource}0").into()
}

/// The key of object `number` of a resource.
#[must_use]
pub fn key(resource: &str, number: usize) -> Bytes {
    format!("/registry/bench/{resource}/ns-{:03}/object-{number:08}", number % NAMESPACES).into()
}

/// Writes `value` if the key does not exist; `lease` is 0 for none.
#[must_use]
pub fn create(key: Bytes, value: Bytes, lease: i64) -> TxnRequest {
    let put = PutRequest { key: key.clone(), value, lease, ..PutRequest::default() };
    guarded(key, 0, request_op::Request::RequestPut(put), None)
}

/// Writes `value` if the key's mod revision is `revision`, or else reads it.
#[must_use]
pub fn update(key: Bytes, revision: i64, value: Bytes) -> TxnRequest {
    let put = PutRequest { key: key.clone(), value, ..PutRequest::default() };
    guarded(key.clone(), revision, request_op::Request::RequestPut(put), Some(current(key)))
}

/// Deletes the key if its mod revision is `revision`, or else reads it.
#[must_use]
pub fn delete(key: Bytes, revision: i64) -> TxnRequest {
    let delete = DeleteRangeRequest { key: key.clone(), ..DeleteRangeRequest::default() };
    guarded(key.clone(), revision, request_op::Request::RequestDeleteRange(delete), Some(current(key)))
}

fn current(key: Bytes) -> request_op::Request {
    request_op::Request::RequestRange(RangeRequest { key, ..RangeRequest::default() })
}

fn guarded(
    key: Bytes,
    revision: i64,
    success: request_op::Request,
    failure: Option<request_op::Request>,
) -> TxnRequest {
    let compare = Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key,
        target_union: Some(TargetUnion::ModRevision(revision)),
        ..Compare::default()
    };
    let op = |request| RequestOp { request: Some(request) };
    TxnRequest { compare: vec![compare], success: vec![op(success)], failure: failure.into_iter().map(op).collect() }
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

/// Watches all keys with `prefix` from now on.
#[must_use]
pub fn watch(prefix: Bytes, prefix_end: Bytes) -> WatchRequest {
    let create = WatchCreateRequest {
        key: prefix,
        range_end: prefix_end,
        prev_kv: true,
        progress_notify: true,
        ..WatchCreateRequest::default()
    };
    WatchRequest { request_union: Some(watch_request::RequestUnion::CreateRequest(create)) }
}
