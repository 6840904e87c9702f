use bytes::Bytes;
use proto::etcdserverpb::{DeleteRangeRequest as WireDelete, PutRequest as WirePut};
use storage_core::{DeleteRangeRequest, LeaseId, PutLease, PutRequest, PutValue, StoreError};

use super::key_range;

pub(crate) fn put(request: &WirePut) -> Result<PutRequest, StoreError> {
    if request.key.is_empty() {
        return Err(StoreError::EmptyKey);
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(StoreError::ValueProvided);
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(StoreError::LeaseProvided);
    }
    Ok(PutRequest {
        key: (&*request.key).into(),
        // Copied: it is a slice of what the connection received, and whoever keeps it would keep all of that.
        value: if request.ignore_value {
            PutValue::Keep
        } else {
            PutValue::Set(Bytes::copy_from_slice(&request.value))
        },
        lease: if request.ignore_lease { PutLease::Keep } else { PutLease::Set(LeaseId(request.lease)) },
        prev_kv: request.prev_kv,
    })
}

pub(crate) fn delete_range(request: &WireDelete) -> Result<DeleteRangeRequest, StoreError> {
    Ok(DeleteRangeRequest { keys: key_range(&request.key, &request.range_end)?, prev_kv: request.prev_kv })
}
