//! Protobuf's fields. All field numbers here are below 16, so that a tag is one byte.

use bytes::{BufMut, BytesMut};
use storage_core::wire::{key_value_len, put_key_value, put_varint, varint_len};
use storage_core::{Key, VersionMeta};

const VARINT: u8 = 0;
const LEN: u8 = 2;

pub(super) const fn uint_len(value: u64) -> usize {
    if value == 0 { 0 } else { 1 + varint_len(value) }
}

pub(super) fn put_uint(out: &mut BytesMut, field: u8, value: u64) {
    if value != 0 {
        out.put_u8(field << 3 | VARINT);
        put_varint(out, value);
    }
}

pub(super) const fn int_len(value: i64) -> usize {
    uint_len(value.cast_unsigned())
}

pub(super) fn put_int(out: &mut BytesMut, field: u8, value: i64) {
    put_uint(out, field, value.cast_unsigned());
}

pub(super) const fn bool_len(value: bool) -> usize {
    if value { 2 } else { 0 }
}

pub(super) fn put_bool(out: &mut BytesMut, field: u8, value: bool) {
    put_uint(out, field, u64::from(value));
}

/// Size of a field that holds `len` bytes, its tag and length included.
pub(super) const fn nested_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Writes what comes before the `len` bytes of a message, string or bytes field.
pub(super) fn put_head(out: &mut BytesMut, field: u8, len: usize) {
    out.put_u8(field << 3 | LEN);
    put_varint(out, len as u64);
}

/// A `mvccpb.KeyValue` as a field of another message.
pub(super) fn kv_field_len(key: &Key, meta: &VersionMeta, value: &[u8]) -> usize {
    nested_len(key_value_len(key, meta, value.len()))
}

pub(super) fn put_kv_field(out: &mut BytesMut, field: u8, key: &Key, meta: &VersionMeta, value: &[u8]) {
    put_head(out, field, key_value_len(key, meta, value.len()));
    put_key_value(out, key, meta, value);
}
