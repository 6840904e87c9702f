use proto::etcdserverpb::{RangeRequest as WireRange, range_request};
use storage_core::{RangeRequest, Revision, RevisionFilter, Sort, SortOrder, SortTarget, StoreError};

use super::key_range;

/// A request of Range, or of a range inside a transaction.
pub(crate) fn range(request: &WireRange) -> Result<RangeRequest, StoreError> {
    Ok(RangeRequest {
        keys: key_range(&request.key, &request.range_end)?,
        revision: Revision(request.revision),
        limit: usize::try_from(request.limit).unwrap_or(0),
        sort: sort(request)?,
        serializable: request.serializable,
        keys_only: request.keys_only,
        count_only: request.count_only,
        filter: RevisionFilter {
            min_mod: Revision(request.min_mod_revision),
            max_mod: Revision(request.max_mod_revision),
            min_create: Revision(request.min_create_revision),
            max_create: Revision(request.max_create_revision),
        },
    })
}

/// A request of RangeStream.
pub(crate) fn range_stream(request: &WireRange) -> Result<RangeRequest, StoreError> {
    let request = range(request)?;
    if request.sort.is_some_and(|sort| sort.order.is_some()) {
        return Err(StoreError::StreamSort);
    }
    if request.filter != RevisionFilter::default() {
        return Err(StoreError::StreamFilter);
    }
    Ok(request)
}

/// The order asked for, or `None` for that of the keys, ascending.
fn sort(request: &WireRange) -> Result<Option<Sort>, StoreError> {
    use range_request::{SortOrder as WireOrder, SortTarget as WireTarget};
    let order = WireOrder::try_from(request.sort_order).map_err(|_| StoreError::InvalidSort)?;
    let target = WireTarget::try_from(request.sort_target).map_err(|_| StoreError::InvalidSort)?;
    let target = match target {
        WireTarget::Key if order != WireOrder::Descend => return Ok(None),
        WireTarget::Key => SortTarget::Key,
        WireTarget::Version => SortTarget::Version,
        WireTarget::Create => SortTarget::Create,
        WireTarget::Mod => SortTarget::Mod,
        WireTarget::Value => SortTarget::Value,
    };
    let order = match order {
        WireOrder::None => None,
        WireOrder::Ascend => Some(SortOrder::Ascend),
        WireOrder::Descend => Some(SortOrder::Descend),
    };
    Ok(Some(Sort { target, order }))
}
