//! The control records of the cluster, and their bytes. DESIGN.md lists them.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::state::Member;
use crate::commit::ControlChange;

const MEMBER: &[u8] = b"member/";
const DOWNGRADE: &[u8] = b"downgrade";

/// A part of the cluster's state as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterRecord {
    /// A member by id; `None` if it is gone.
    Member(u64, Option<Member>),
    /// The version to downgrade to; `None` if there is no such job.
    Downgrade(Option<String>),
}

impl ClusterRecord {
    /// The change that writes this record, or removes it if it says that something is gone.
    pub(crate) fn change(&self) -> ControlChange {
        match self {
            Self::Member(id, member) => {
                ControlChange { key: [MEMBER, &id.to_be_bytes()].concat().into(), value: member.as_ref().map(encode) }
            }
            Self::Downgrade(target) => ControlChange {
                key: Bytes::from_static(DOWNGRADE),
                value: target.as_ref().map(|target| Bytes::copy_from_slice(target.as_bytes())),
            },
        }
    }

    /// Whether a control record of this name is one of the cluster's.
    pub(crate) fn is_named(key: &[u8]) -> bool {
        key == DOWNGRADE || key.starts_with(MEMBER)
    }

    /// The record that `key` and `value` hold; `None` if they are not one of the cluster's, or malformed.
    pub(crate) fn decode(key: &[u8], value: Option<&[u8]>) -> Option<Self> {
        let Some(id) = key.strip_prefix(MEMBER) else {
            let target = value.map(|value| String::from_utf8(value.to_vec())).transpose().ok()?;
            return (key == DOWNGRADE).then_some(Self::Downgrade(target));
        };
        let id = u64::from_be_bytes(id.try_into().ok()?);
        Some(Self::Member(
            id,
            match value {
                Some(value) => Some(decode(value)?),
                None => None,
            },
        ))
    }
}

fn encode(member: &Member) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(u8::from(member.is_learner));
    for url in &member.peer_urls {
        out.put_u32(u32::try_from(url.len()).expect("requests are far smaller than 4 GiB"));
        out.put_slice(url.as_bytes());
    }
    out.freeze()
}

fn decode(mut value: &[u8]) -> Option<Member> {
    let is_learner = match value.try_get_u8().ok()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let mut peer_urls = Vec::new();
    while !value.is_empty() {
        let len = value.try_get_u32().ok()? as usize;
        let (url, rest) = value.split_at_checked(len)?;
        peer_urls.push(str::from_utf8(url).ok()?.to_owned());
        value = rest;
    }
    Some(Member { peer_urls, is_learner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_comes_back_as_it_was_stored() {
        let member = Member { peer_urls: vec!["http://a:1".to_owned(), String::new()], is_learner: true };
        let records = [
            ClusterRecord::Member(u64::MAX, Some(member)),
            ClusterRecord::Member(7, None),
            ClusterRecord::Downgrade(Some("3.6.0".to_owned())),
            ClusterRecord::Downgrade(None),
        ];
        for record in records {
            let change = record.change();
            assert!(ClusterRecord::is_named(&change.key));
            assert_eq!(ClusterRecord::decode(&change.key, change.value.as_deref()), Some(record));
        }
    }

    #[test]
    fn a_malformed_record_is_refused() {
        let key = [MEMBER, &7_u64.to_be_bytes()].concat();
        for value in [&b""[..], b"\x02", b"\x00\x00\x00\x00\x05abc", b"\x00\x00\x00\x00\x01\xff", b"\x00\x00"] {
            assert_eq!(ClusterRecord::decode(&key, Some(value)), None);
        }
        assert_eq!(ClusterRecord::decode(b"member/short", None), None);
    }
}
