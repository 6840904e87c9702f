//! What the fuzz targets call: decoders of stored bytes, with what must hold for any bytes.

use bytes::{BufMut as _, BytesMut};

use crate::auth::AuthRecord;
use crate::commit::{decode_commit, decode_metas, encode_commit};
use crate::machine::Record;
use crate::types::{Position, Revision};

/// A commit decodes, or is refused; one that decodes is stored as it was read. The checksum is supplied.
pub fn commit(data: &[u8]) {
    let Some((revision, body)) = data.split_first_chunk() else { return };
    let revision = Revision(i64::from_le_bytes(*revision));
    let mut stored = BytesMut::from(body);
    stored.put_u32_le(crc32c::crc32c(body));
    let stored = stored.freeze();
    let decoded = decode_commit(Position(1), revision, &stored);
    let mut metas = Vec::new();
    let read = decode_metas(revision, &stored, |key, meta, value| metas.push((key.to_vec(), meta, value.to_vec())));
    let Ok(decoded) = decoded else { return };
    assert_eq!(read, Ok(()), "both readers agree");
    let mutations = decoded.mutations.iter().map(|m| (m.key.to_vec(), m.meta, m.value.to_vec()));
    assert!(mutations.eq(metas), "both readers agree");
    assert!(
        decode_commit(Position(1), revision, &encode_commit(&decoded)) == Ok(decoded),
        "it is stored as it was read"
    );
}

/// A control record decodes, or is refused; one that decodes is stored as it was read.
pub fn control_record(data: &[u8]) {
    let Some((&split, rest)) = data.split_first() else { return };
    let (key, value) = rest.split_at(usize::from(split).min(rest.len()));
    let _ = (Record::decode(key, None), AuthRecord::decode(key, None));
    if let Ok(record) = Record::decode(key, Some(value)) {
        let stored = record.set();
        let again = Record::decode(&stored.key, stored.value.as_deref()).expect("what was written is read");
        assert_eq!(again, record);
    }
    if let Some(record) = AuthRecord::decode(key, Some(value)) {
        let stored = record.clone().change();
        assert_eq!(AuthRecord::decode(&stored.key, stored.value.as_deref()), Some(record));
    }
}
