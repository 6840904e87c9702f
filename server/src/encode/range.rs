//! `RangeResponse`, and `RangeStreamResponse`, which wraps a piece of one.

use bytes::{Bytes, BytesMut};
use storage_core::{KeyValue, RangeChunk, RangeResponse, StreamEnd};
use tonic::Status;

use super::Header;
use super::fields::{bool_len, int_len, kv_field_len, nested_len, put_bool, put_head, put_int, put_kv_field};
use super::frame::frame;

const KVS: u8 = 2;
const MORE: u8 = 3;
const COUNT: u8 = 4;
const RANGE_RESPONSE: u8 = 1;

/// The answer to Range, framed.
pub(crate) fn range(header: &Header, response: &RangeResponse) -> Result<Bytes, Status> {
    frame(range_len(header, response), |out| put_range(out, header, response))
}

/// A piece of the answer to RangeStream, framed; the last one carries the header. `header` makes it of the last piece's end.
pub(crate) fn range_chunk(chunk: &RangeChunk, header: impl FnOnce(&StreamEnd) -> Header) -> Result<Bytes, Status> {
    let end = chunk.end.as_ref().map(|end| (header(end), end.more, end.count as i64));
    let end_len = |(header, more, count): &(Header, _, _)| header.len() + bool_len(*more) + int_len(*count);
    let body_len = kvs_len(&chunk.kvs) + end.as_ref().map_or(0, end_len);
    frame(nested_len(body_len), |out| {
        put_head(out, RANGE_RESPONSE, body_len);
        put_kvs(out, &chunk.kvs);
        if let Some((header, more, count)) = end {
            header.put(out);
            put_bool(out, MORE, more);
            put_int(out, COUNT, count);
        }
    })
}

pub(super) fn range_len(header: &Header, response: &RangeResponse) -> usize {
    header.len() + kvs_len(&response.kvs) + bool_len(response.more) + int_len(response.count as i64)
}

pub(super) fn put_range(out: &mut BytesMut, header: &Header, response: &RangeResponse) {
    header.put(out);
    put_kvs(out, &response.kvs);
    put_bool(out, MORE, response.more);
    put_int(out, COUNT, response.count as i64);
}

fn kvs_len(kvs: &[KeyValue]) -> usize {
    kvs.iter().map(|kv| kv_field_len(&kv.key, &kv.meta, &kv.value)).sum()
}

fn put_kvs(out: &mut BytesMut, kvs: &[KeyValue]) {
    for kv in kvs {
        put_kv_field(out, KVS, &kv.key, &kv.meta, &kv.value);
    }
}
