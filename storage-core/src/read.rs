//! Ranges: first which keys, from the index, then their values.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use bytes::Bytes;
use parking_lot::RwLock;

use crate::auth::AuthError;
use crate::error::StoreError;
use crate::index::Index;
use crate::request::{RangeRequest, RevisionFilter, Sort, SortOrder, SortTarget};
use crate::response::{DeleteRangeResponse, KeyValue, OpResponse, PutResponse, RangeResponse, TxnResponse};
use crate::types::{Key, LeaseId, Revision, VersionMeta};
use crate::values::Values;

/// Keys looked at before the index's lock is let go for a moment, so that a long range never holds up the writer.
const KEYS_PER_LOCK: usize = 1024;
/// Values asked for at once, so that a long range does not keep others from the backend.
pub(crate) const VALUES_PER_READ: usize = 1024;

/// What is still to be done to a range's answer once its keys are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Completion {
    /// Nothing.
    #[default]
    Done,
    /// Fetch the values.
    Values,
    /// Fetch the values, sort by them, and only then cut.
    SortByValue { order: SortOrder, limit: usize, keys_only: bool },
}

/// At which revision a request is to be read. The current one can always be: the caller's pin is older than any
/// compaction above it.
pub(crate) fn resolve(index: &Index, requested: Revision, current: Revision) -> Result<Revision, StoreError> {
    if requested.0 <= 0 {
        return Ok(current);
    }
    if requested > current {
        return Err(StoreError::FutureRevision);
    }
    if requested < index.compacted() {
        return Err(StoreError::Compacted { compact_revision: index.compacted() });
    }
    Ok(requested)
}

/// A range's answer without values, read at the published state. The caller holds a pin.
pub(crate) fn collect(index: &RwLock<Index>, request: &RangeRequest) -> Result<RangeResponse, StoreError> {
    let current = index.read().published();
    collect_at(index, request, current)
}

/// The same where `current` counts as the current revision.
pub(crate) fn collect_at(
    index: &RwLock<Index>,
    request: &RangeRequest,
    current: Revision,
) -> Result<RangeResponse, StoreError> {
    let guard = index.read();
    let at = resolve(&guard, request.revision, current)?;
    if let Some(key) = request.keys.as_single() {
        let found = guard.get(key, at).map(|(key, meta)| (key.clone(), *meta));
        return Ok(arrange(request, current, usize::from(found.is_some()), Vec::from_iter(found)));
    }
    let count = guard.count(&request.keys, at);
    drop(guard);
    let wanted = if request.count_only { 0 } else { fetch_limit(request).min(count) };
    Ok(arrange(request, current, count, walk(index, request, at, wanted)))
}

/// The same inside a transaction, which owns the index and may have written to it already.
pub(crate) fn collect_within(
    index: &Index,
    request: &RangeRequest,
    current: Revision,
) -> Result<RangeResponse, StoreError> {
    let at = resolve(index, request.revision, current)?;
    let count = index.count(&request.keys, at);
    let wanted = if request.count_only { 0 } else { fetch_limit(request).min(count) };
    let mut found = Vec::with_capacity(wanted);
    if wanted > 0 {
        index.visit(&request.keys, at, |key, meta| {
            found.push((key.clone(), *meta));
            if found.len() == wanted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    Ok(arrange(request, current, count, found))
}

/// The first `wanted` keys of a range, a part at a time.
pub(crate) fn walk(
    index: &RwLock<Index>,
    request: &RangeRequest,
    at: Revision,
    wanted: usize,
) -> Vec<(Key, VersionMeta)> {
    let mut found: Vec<(Key, VersionMeta)> = Vec::with_capacity(wanted);
    let mut keys = request.keys.clone();
    while found.len() < wanted {
        let part = (found.len() + KEYS_PER_LOCK).min(wanted);
        index.read().visit(&keys, at, |key, meta| {
            found.push((key.clone(), *meta));
            if found.len() == part { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if found.len() < part {
            break;
        }
        let (last, _) = found.last().expect("a part was just added");
        keys = request.keys.starting_at(successor(last));
    }
    found
}

/// The smallest key above `key`.
pub(crate) fn successor(key: &Key) -> Key {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next.as_slice().into()
}

/// How many keys must be looked at: one more than the limit, unless filters or an order make later keys come first. Order `None`
/// has etcd's quirk: it sorts what was looked at, and so may answer the key behind the limit instead of one before.
fn fetch_limit(request: &RangeRequest) -> usize {
    let in_key_order = request
        .sort
        .is_none_or(|s| s.order.is_none() || (s.target == SortTarget::Key && s.order == Some(SortOrder::Ascend)));
    let unfiltered = request.filter == RevisionFilter::default();
    if request.limit > 0 && in_key_order && unfiltered { request.limit.saturating_add(1) } else { usize::MAX }
}

/// Filters, sorts and cuts what was found.
fn arrange(
    request: &RangeRequest,
    revision: Revision,
    count: usize,
    mut found: Vec<(Key, VersionMeta)>,
) -> RangeResponse {
    if request.count_only {
        return RangeResponse { revision, count, ..RangeResponse::default() };
    }
    if request.filter != RevisionFilter::default() {
        found.retain(|(_, meta)| passes(&request.filter, meta));
    }
    let more = request.limit > 0 && found.len() > request.limit;
    let by_value = sort_found(request.sort, &mut found);
    let mut completion = if request.keys_only { Completion::Done } else { Completion::Values };
    match by_value {
        Some(order) => {
            let limit = request.limit;
            completion = Completion::SortByValue { order, limit, keys_only: request.keys_only };
        }
        None if request.limit > 0 => found.truncate(request.limit),
        None => {}
    }
    // As etcd 3.7: keys alone come from the index, which it does not keep leases in.
    let drop_lease = request.keys_only && request.sort.is_none_or(|s| s.target != SortTarget::Value);
    let kv = |(key, mut meta): (Key, VersionMeta)| {
        if drop_lease {
            meta.lease = LeaseId::NONE;
        }
        KeyValue { key, meta, value: Bytes::new() }
    };
    RangeResponse { revision, kvs: found.into_iter().map(kv).collect(), more, count, completion }
}

fn passes(filter: &RevisionFilter, meta: &VersionMeta) -> bool {
    let within =
        |value: Revision, min: Revision, max: Revision| (min.0 == 0 || value >= min) && (max.0 == 0 || value <= max);
    within(meta.mod_revision(), filter.min_mod, filter.max_mod)
        && within(meta.create_revision, filter.min_create, filter.max_create)
}

/// Sorts by anything but values; answers the order if it is values that must be sorted by.
fn sort_found(sort: Option<Sort>, found: &mut [(Key, VersionMeta)]) -> Option<SortOrder> {
    let Sort { target, order } = sort?;
    if target == SortTarget::Key && order.is_none() {
        return None;
    }
    let order = order.unwrap_or(SortOrder::Ascend);
    let compare: fn(&(Key, VersionMeta), &(Key, VersionMeta)) -> Ordering = match target {
        SortTarget::Value => return Some(order),
        SortTarget::Key => |a, b| a.0.cmp(&b.0),
        SortTarget::Version => |a, b| a.1.version.cmp(&b.1.version),
        SortTarget::Create => |a, b| a.1.create_revision.cmp(&b.1.create_revision),
        SortTarget::Mod => |a, b| a.1.mod_revision().cmp(&b.1.mod_revision()),
    };
    match order {
        SortOrder::Ascend => found.sort_by(compare),
        SortOrder::Descend => found.sort_by(|a, b| compare(b, a)),
    }
    None
}

/// An answer whose values are still to be fetched.
pub(crate) trait Fill {
    /// The key-values that lack theirs.
    fn lacking<'a>(&'a mut self, out: &mut Vec<&'a mut KeyValue>);
    /// Called once the values are there.
    fn complete(&mut self) {}
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is not there. A pin keeps it from this store's sweep, not from that of another one on the same log, whose compaction
    /// this one may not have heard of.
    #[error("a value is missing")]
    Missing,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AuthError> for ReadError {
    fn from(error: AuthError) -> Self {
        Self::Store(error.into())
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Missing => Self::Failed(error.to_string()),
            ReadError::Store(error) => error,
        }
    }
}

/// Fetches the values of an answer. The caller has held a pin since before the keys were read.
pub(crate) async fn fill<R: Fill>(response: &mut R, values: &Values) -> Result<(), ReadError> {
    let mut lacking = Vec::new();
    response.lacking(&mut lacking);
    // In the order of the log, neighbours are near each other on the disk, and each part of a long list reads a place of its own.
    lacking.sort_unstable_by_key(|kv| kv.meta.id);
    for part in lacking.chunks_mut(VALUES_PER_READ) {
        fill_part(part, values).await?;
    }
    response.complete();
    Ok(())
}

/// Fetches the values of a few key-values.
pub(crate) async fn fill_part(kvs: &mut [&mut KeyValue], values: &Values) -> Result<(), ReadError> {
    if let [kv] = kvs
        && let Some(value) = values.cached(kv.meta.id)
    {
        kv.value = value;
        return Ok(());
    }
    let ids: Vec<_> = kvs.iter().map(|kv| kv.meta.id).collect();
    let found = values.get(&ids).await.map_err(|e| StoreError::from_read(&e))?;
    for (kv, value) in kvs.iter_mut().zip(found) {
        kv.value = value.ok_or(ReadError::Missing)?;
    }
    Ok(())
}

impl Fill for KeyValue {
    fn lacking<'a>(&'a mut self, out: &mut Vec<&'a mut KeyValue>) {
        if self.meta.value_bytes() > 0 && self.value.is_empty() {
            out.push(self);
        }
    }
}

impl Fill for RangeResponse {
    fn lacking<'a>(&'a mut self, out: &mut Vec<&'a mut KeyValue>) {
        if self.completion != Completion::Done {
            self.kvs.iter_mut().for_each(|kv| kv.lacking(out));
        }
    }

    fn complete(&mut self) {
        if let Completion::SortByValue { order, limit, keys_only } = std::mem::take(&mut self.completion) {
            match order {
                SortOrder::Ascend => self.kvs.sort_by(|a, b| a.value.cmp(&b.value)),
                SortOrder::Descend => self.kvs.sort_by(|a, b| b.value.cmp(&a.value)),
            }
            if limit > 0 {
                self.kvs.truncate(limit);
            }
            if keys_only {
                self.kvs.iter_mut().for_each(|kv| kv.value.clear());
            }
        }
    }
}

impl Fill for PutResponse {
    fn lacking<'a>(&'a mut self, out: &mut Vec<&'a mut KeyValue>) {
        self.prev_kv.iter_mut().for_each(|kv| kv.lacking(out));
    }
}

impl Fill for DeleteRangeResponse {
    fn lacking<'a>(&'a mut self, out: &mut Vec<&'a mut KeyValue>) {
        self.prev_kvs.iter_mut().for_each(|kv| kv.lacking(out));
    }
}

impl Fill for TxnResponse {
    fn lacking<'a>(&'a mut self, out: &mut Vec<&'a mut KeyValue>) {
        for response in &mut self.responses {
            match response {
                OpResponse::Range(r) => r.lacking(out),
                OpResponse::Put(r) => r.lacking(out),
                OpResponse::DeleteRange(r) => r.lacking(out),
                OpResponse::Txn(r) => r.lacking(out),
            }
        }
    }

    fn complete(&mut self) {
        for response in &mut self.responses {
            match response {
                OpResponse::Range(r) => r.complete(),
                OpResponse::Txn(r) => r.complete(),
                OpResponse::Put(_) | OpResponse::DeleteRange(_) => {}
            }
        }
    }
}
