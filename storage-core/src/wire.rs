//! The wire encoding of `mvccpb.KeyValue` and `mvccpb.Event`. The engine needs it for `HashKV`, which hashes these bytes, and for
//! events, which are encoded once and shared; the message definitions are in the `proto` crate, whose tests compare.

use bytes::{BufMut, Bytes, BytesMut};

use crate::commit::Mutation;
use crate::event::Event;
use crate::types::VersionMeta;

const VARINT: u8 = 0;
const LEN: u8 = 2;

const fn tag(field: u8, wire_type: u8) -> u8 {
    field << 3 | wire_type
}

/// Size of a varint in bytes.
#[must_use]
pub const fn varint_len(value: u64) -> usize {
    ((value | 1).ilog2() as usize * 9 + 73) / 64
}

/// Writes a varint.
pub fn put_varint(out: &mut impl BufMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn int_len(value: i64) -> usize {
    if value == 0 { 0 } else { 1 + varint_len(value.cast_unsigned()) }
}

fn put_int(out: &mut impl BufMut, field: u8, value: i64) {
    if value != 0 {
        out.put_u8(tag(field, VARINT));
        put_varint(out, value.cast_unsigned());
    }
}

fn bytes_len(len: usize) -> usize {
    if len == 0 { 0 } else { 1 + varint_len(len as u64) + len }
}

fn put_bytes(out: &mut impl BufMut, field: u8, bytes: &[u8]) {
    if !bytes.is_empty() {
        out.put_u8(tag(field, LEN));
        put_varint(out, bytes.len() as u64);
        out.put_slice(bytes);
    }
}

/// Size of [`put_key_value`]'s output.
#[must_use]
pub fn key_value_len(key: &[u8], meta: &VersionMeta, value_len: usize) -> usize {
    let mod_revision = meta.mod_revision().0;
    bytes_len(key.len())
        + int_len(meta.create_revision.0)
        + int_len(mod_revision)
        + int_len(meta.version)
        + bytes_len(value_len)
        + int_len(meta.lease.0)
}

/// Writes a `mvccpb.KeyValue`: key = 1, create_revision = 2, mod_revision = 3, version = 4, value = 5, lease = 6.
pub fn put_key_value(out: &mut impl BufMut, key: &[u8], meta: &VersionMeta, value: &[u8]) {
    put_bytes(out, 1, key);
    put_int(out, 2, meta.create_revision.0);
    put_int(out, 3, meta.mod_revision().0);
    put_int(out, 4, meta.version);
    put_bytes(out, 5, value);
    put_int(out, 6, meta.lease.0);
}

/// Writes the name under which etcd stores a version: main revision, `_`, sub-revision, and `t` for a tombstone; big endian, 8
/// bytes each.
pub fn put_stored_name(out: &mut impl BufMut, meta: &VersionMeta) {
    out.put_i64(meta.id.revision.0);
    out.put_u8(b'_');
    out.put_i64(i64::from(meta.id.sub.0));
    if meta.is_tombstone() {
        out.put_u8(b't');
    }
}

/// Writes what etcd stores as a version: its `mvccpb.KeyValue`, of which a tombstone has the key alone. The version without a
/// key, which raises a restored store's revision, is empty.
pub fn put_stored_value(out: &mut impl BufMut, version: &Mutation) {
    if version.meta.is_tombstone() {
        put_bytes(out, 1, &version.key);
    } else if !version.key.is_empty() {
        put_key_value(out, &version.key, &version.meta, &version.value);
    }
}

/// A `mvccpb.Event`: type = 1, kv = 2, prev_kv = 3.
pub(crate) fn encode_event(event: &Event, prev_kv: bool) -> Bytes {
    const DELETE: i64 = 1;
    let prev = if prev_kv { event.prev_kv() } else { None };
    let kv_len = key_value_len(&event.key, &event.meta, event.value.0.len());
    let prev_len = prev.map(|(meta, value)| key_value_len(&event.key, meta, value.len()));
    let kind = if event.is_delete() { DELETE } else { 0 };
    let message_len = |len: usize| 1 + varint_len(len as u64) + len;
    let total = int_len(kind) + message_len(kv_len) + prev_len.map_or(0, message_len);

    let mut out = BytesMut::with_capacity(total);
    put_int(&mut out, 1, kind);
    out.put_u8(tag(2, LEN));
    put_varint(&mut out, kv_len as u64);
    put_key_value(&mut out, &event.key, &event.meta, &event.value.0);
    if let (Some((meta, value)), Some(len)) = (prev, prev_len) {
        out.put_u8(tag(3, LEN));
        put_varint(&mut out, len as u64);
        put_key_value(&mut out, &event.key, meta, value);
    }
    debug_assert_eq!(out.len(), total);
    out.freeze()
}
