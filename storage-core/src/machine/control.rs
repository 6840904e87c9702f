//! Control records: what a commit changes besides keys. DESIGN.md lists them; this file is their codec,
//! but for those of authentication, which have their own in `auth/record.rs`.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::commit::ControlChange;
use crate::request::AlarmKind;
use crate::response::Alarm;
use crate::types::{LeaseId, Revision};

/// One control record, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// Who the store is to its clients; written once.
    Identity { cluster_id: u64, member_id: u64 },
    /// How many times the store was opened: `raft_term` on the wire.
    Term(u64),
    /// The compacted revision.
    Compacted(Revision),
    /// A lease that lives until `deadline_ms` after the Unix epoch, or, with [`FROM_NEXT_START`] in it, for so long from the
    /// next start on.
    Lease { id: LeaseId, ttl: i64, deadline_ms: u64 },
    /// An alarm that is on.
    Alarm(Alarm),
    /// The storage is being restored: what it holds is not all.
    Unfinished,
}

/// A stored control record that this version cannot read.
#[derive(Debug, thiserror::Error)]
#[error("a control record of the storage is malformed or of a newer version")]
pub(crate) struct UnknownRecord;

const IDENTITY: &[u8] = b"identity";
const TERM: &[u8] = b"term";
const COMPACTED: &[u8] = b"compact_revision";
const LEASE: &[u8] = b"lease/";
const ALARM: &[u8] = b"alarm/";
const UNFINISHED: &[u8] = b"unfinished_restore";

/// The highest bit of a lease's deadline, which no time has.
pub(crate) const FROM_NEXT_START: u64 = 1 << 63;

impl Record {
    fn key(&self) -> Bytes {
        match self {
            Self::Identity { .. } => Bytes::from_static(IDENTITY),
            Self::Term(_) => Bytes::from_static(TERM),
            Self::Compacted(_) => Bytes::from_static(COMPACTED),
            Self::Lease { id, .. } => named(LEASE, |out| out.put_i64(id.0)),
            Self::Unfinished => Bytes::from_static(UNFINISHED),
            Self::Alarm(alarm) => named(ALARM, |out| {
                out.put_u64(alarm.member_id);
                out.put_u8(alarm_byte(alarm.kind));
            }),
        }
    }

    fn value(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(16);
        match *self {
            Self::Identity { cluster_id, member_id } => {
                out.put_u64(cluster_id);
                out.put_u64(member_id);
            }
            Self::Term(term) => out.put_u64(term),
            Self::Compacted(revision) => out.put_i64(revision.0),
            Self::Lease { ttl, deadline_ms, .. } => {
                out.put_i64(ttl);
                out.put_u64(deadline_ms);
            }
            Self::Alarm(_) | Self::Unfinished => {}
        }
        out.freeze()
    }

    /// A lease that begins to run when the store is opened next.
    pub(crate) fn lease_from_next_start(id: LeaseId, ttl: i64, remaining_ttl: i64) -> Self {
        let remaining_ms = remaining_ttl.max(0).cast_unsigned().saturating_mul(1000).min(FROM_NEXT_START - 1);
        Self::Lease { id, ttl, deadline_ms: FROM_NEXT_START | remaining_ms }
    }

    /// The change that writes this record.
    pub(crate) fn set(&self) -> ControlChange {
        ControlChange { key: self.key(), value: Some(self.value()) }
    }

    /// The change that removes this record, whatever it holds.
    pub(crate) fn unset(&self) -> ControlChange {
        ControlChange { key: self.key(), value: None }
    }

    /// The record that `key` and `value` hold. For a removal pass no value: the fields that a key does not name are zero.
    pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Self, UnknownRecord> {
        let mut value = Fields(value);
        let record = match key {
            IDENTITY => Self::Identity { cluster_id: value.u64()?, member_id: value.u64()? },
            TERM => Self::Term(value.u64()?),
            UNFINISHED => Self::Unfinished,
            COMPACTED => Self::Compacted(Revision(value.i64()?)),
            _ => {
                if let Some(id) = key.strip_prefix(LEASE) {
                    let id = LeaseId(Fields(Some(id)).i64()?);
                    Self::Lease { id, ttl: value.i64()?, deadline_ms: value.u64()? }
                } else if let Some(alarm) = key.strip_prefix(ALARM) {
                    let mut alarm = Fields(Some(alarm));
                    Self::Alarm(Alarm { member_id: alarm.u64()?, kind: alarm.alarm_kind()? })
                } else {
                    return Err(UnknownRecord);
                }
            }
        };
        Ok(record)
    }
}

fn named(prefix: &[u8], name: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::from(prefix);
    name(&mut out);
    out.freeze()
}

fn alarm_byte(kind: AlarmKind) -> u8 {
    match kind {
        AlarmKind::NoSpace => 1,
        AlarmKind::Corrupt => 2,
    }
}

/// Fields of a record; all zero where there is no value.
struct Fields<'a>(Option<&'a [u8]>);

impl Fields<'_> {
    fn u64(&mut self) -> Result<u64, UnknownRecord> {
        self.0.as_mut().map_or(Ok(0), |rest| rest.try_get_u64().map_err(|_| UnknownRecord))
    }

    fn i64(&mut self) -> Result<i64, UnknownRecord> {
        self.u64().map(u64::cast_signed)
    }

    fn alarm_kind(&mut self) -> Result<AlarmKind, UnknownRecord> {
        match self.0.as_mut().and_then(|rest| rest.try_get_u8().ok()) {
            Some(1) => Ok(AlarmKind::NoSpace),
            Some(2) => Ok(AlarmKind::Corrupt),
            _ => Err(UnknownRecord),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_comes_back_as_it_was_stored() {
        let alarm = Alarm { member_id: 7, kind: AlarmKind::Corrupt };
        let records = [
            Record::Identity { cluster_id: u64::MAX, member_id: 3 },
            Record::Term(9),
            Record::Compacted(Revision(88)),
            Record::Lease { id: LeaseId(-4), ttl: 60, deadline_ms: 1_700_000_000_000 },
            Record::Alarm(alarm),
            Record::Unfinished,
        ];
        for record in records {
            let change = record.set();
            let value = change.value.expect("a set has a value");
            assert_eq!(Record::decode(&change.key, Some(&value)).expect("it is known"), record);
        }
        let gone = Record::Alarm(alarm).unset();
        assert!(matches!(Record::decode(&gone.key, None), Ok(Record::Alarm(a)) if a == alarm));
    }

    #[test]
    fn an_unknown_or_short_record_is_refused() {
        assert!(Record::decode(b"from the future", Some(b"")).is_err());
        assert!(Record::decode(TERM, Some(b"123")).is_err());
    }
}
