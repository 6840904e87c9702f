//! Ranges, as `server/etcdserver/txn/range.go` arranges them.

use bytes::Bytes;
use storage_core::{
    KeyValue, LeaseId, RangeRequest, RangeResponse, Revision, RevisionFilter, Sort, SortOrder, SortTarget, StoreError,
};

use super::{Model, txn};

impl Model {
    /// Reads one key or a range.
    ///
    /// # Errors
    /// As the store.
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, StoreError> {
        txn::named(request.keys.start())?;
        let at = self.readable(request.revision)?;
        Ok(self.range_at(request, at, self.revision))
    }

    pub(super) fn range_at(&self, request: &RangeRequest, at: Revision, current: Revision) -> RangeResponse {
        let mut response = RangeResponse::default();
        let found = self.keys_at(at).into_values().filter(|kv| request.keys.contains(&kv.key));
        let mut kvs: Vec<KeyValue> = found.cloned().collect();
        response.revision = current;
        response.count = kvs.len();
        if request.count_only {
            return response;
        }
        // The index is read no further than one key past the limit, unless an order or a filter needs all of it. Order
        // NONE needs none of it by `IsDefaultOrdering`, and yet is sorted below: what lies past the limit is missed.
        if request.limit > 0 && !is_sorted(request) && request.filter == RevisionFilter::default() {
            kvs.truncate(request.limit + 1);
        }
        kvs.retain(|kv| passes(&request.filter, kv));
        sort(request.sort, &mut kvs);
        response.more = request.limit > 0 && kvs.len() > request.limit;
        if response.more {
            kvs.truncate(request.limit);
        }
        if request.keys_only {
            kvs.iter_mut().for_each(|kv| strip(request, kv));
        }
        response.kvs = kvs;
        response
    }
}

fn is_sorted(request: &RangeRequest) -> bool {
    match request.sort {
        None | Some(Sort { order: None, .. }) => false,
        Some(Sort { target: SortTarget::Key, order: Some(SortOrder::Ascend) }) => false,
        Some(_) => true,
    }
}

fn passes(filter: &RevisionFilter, kv: &KeyValue) -> bool {
    let (modified, created) = (kv.meta.mod_revision(), kv.meta.create_revision);
    (filter.max_mod.0 == 0 || modified <= filter.max_mod)
        && (filter.min_mod.0 == 0 || modified >= filter.min_mod)
        && (filter.max_create.0 == 0 || created <= filter.max_create)
        && (filter.min_create.0 == 0 || created >= filter.min_create)
}

/// Ties stay in the order of the keys.
fn sort(sort: Option<Sort>, kvs: &mut [KeyValue]) {
    let Some(Sort { target, order }) = sort else { return };
    let ascending = |a: &KeyValue, b: &KeyValue| match target {
        SortTarget::Key => a.key.cmp(&b.key),
        SortTarget::Version => a.meta.version.cmp(&b.meta.version),
        SortTarget::Create => a.meta.create_revision.cmp(&b.meta.create_revision),
        SortTarget::Mod => a.meta.mod_revision().cmp(&b.meta.mod_revision()),
        SortTarget::Value => a.value.cmp(&b.value),
    };
    match order {
        None | Some(SortOrder::Ascend) => kvs.sort_by(ascending),
        Some(SortOrder::Descend) => kvs.sort_by(|a, b| ascending(b, a)),
    }
}

/// Keys alone come from etcd's index, which has no leases; sorted by value they come from its storage, which has.
fn strip(request: &RangeRequest, kv: &mut KeyValue) {
    kv.value = Bytes::new();
    if request.sort.is_none_or(|sort| sort.target != SortTarget::Value) {
        kv.meta.lease = LeaseId::NONE;
    }
}
