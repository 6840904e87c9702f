//! Requests from the wire into the engine's terms, with the checks that belong to the wire: what the engine's types
//! cannot express, such as an enum value that does not exist, is refused here with etcd's error.

mod auth;
mod range;
#[cfg(test)]
mod tests;
mod txn;
mod watch;
mod write;

use bytes::Bytes;
use proto::etcdserverpb::AlarmType;
use proto::mvccpb;
use storage_core::{AlarmKind, KeyRange, KeyValue, StoreError};

pub(crate) use self::auth::{everything, permission, permission_of};
pub(crate) use self::range::{range, range_stream};
pub(crate) use self::txn::txn;
pub(crate) use self::watch::watch_create;
pub(crate) use self::write::{delete_range, put};

fn key_range(key: &Bytes, range_end: &Bytes) -> Result<KeyRange, StoreError> {
    if key.is_empty() {
        return Err(StoreError::EmptyKey);
    }
    Ok(KeyRange::new(key, range_end))
}

/// A key-value in an answer.
pub(crate) fn key_value(kv: KeyValue) -> mvccpb::KeyValue {
    mvccpb::KeyValue {
        key: Bytes::copy_from_slice(&kv.key),
        create_revision: kv.meta.create_revision.0,
        mod_revision: kv.meta.mod_revision().0,
        version: kv.meta.version,
        value: kv.value,
        lease: kv.meta.lease.0,
    }
}

/// The alarm that `alarm` names, if it names one.
pub(crate) fn alarm_kind(alarm: i32) -> Option<AlarmKind> {
    match AlarmType::try_from(alarm) {
        Ok(AlarmType::Nospace) => Some(AlarmKind::NoSpace),
        Ok(AlarmType::Corrupt) => Some(AlarmKind::Corrupt),
        Ok(AlarmType::None) | Err(_) => None,
    }
}

/// The number of an alarm.
pub(crate) fn alarm_type(kind: AlarmKind) -> AlarmType {
    match kind {
        AlarmKind::NoSpace => AlarmType::Nospace,
        AlarmKind::Corrupt => AlarmType::Corrupt,
    }
}
