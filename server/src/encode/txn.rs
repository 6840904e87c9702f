//! `TxnResponse`, with the answers to its operations inside.

use bytes::{Bytes, BytesMut};
use storage_core::{DeleteRangeResponse, KeyValue, OpResponse, PutResponse, TxnResponse};
use tonic::Status;

use super::Header;
use super::fields::{bool_len, int_len, kv_field_len, nested_len, put_bool, put_head, put_int, put_kv_field};
use super::frame::frame;
use super::range::{put_range, range_len};

const SUCCEEDED: u8 = 2;
const RESPONSES: u8 = 3;
const RESPONSE_RANGE: u8 = 1;
const RESPONSE_PUT: u8 = 2;
const RESPONSE_DELETE_RANGE: u8 = 3;
const RESPONSE_TXN: u8 = 4;
const PREV_KV: u8 = 2;
const DELETED: u8 = 2;
const PREV_KVS: u8 = 3;

/// The answer to Txn, framed. Answers inside carry a revision and nothing else in their headers, those of transactions within
/// not even that, as in etcd.
pub(crate) fn txn(header: &Header, response: &TxnResponse) -> Result<Bytes, Status> {
    frame(txn_len(header, response), |out| put_txn(out, header, response))
}

fn txn_len(header: &Header, response: &TxnResponse) -> usize {
    let responses: usize = response.responses.iter().map(|op| nested_len(nested_len(op_len(op)))).sum();
    header.len() + bool_len(response.succeeded) + responses
}

fn put_txn(out: &mut BytesMut, header: &Header, response: &TxnResponse) {
    header.put(out);
    put_bool(out, SUCCEEDED, response.succeeded);
    for op in &response.responses {
        let len = op_len(op);
        put_head(out, RESPONSES, nested_len(len));
        put_op(out, op, len);
    }
}

/// Size of the message inside a `ResponseOp`.
fn op_len(op: &OpResponse) -> usize {
    match op {
        OpResponse::Range(response) => range_len(&Header::inner(response.revision), response),
        OpResponse::Put(response) => put_len(response),
        OpResponse::DeleteRange(response) => delete_len(response),
        OpResponse::Txn(response) => txn_len(&Header::default(), response),
    }
}

fn put_op(out: &mut BytesMut, op: &OpResponse, len: usize) {
    match op {
        OpResponse::Range(response) => {
            put_head(out, RESPONSE_RANGE, len);
            put_range(out, &Header::inner(response.revision), response);
        }
        OpResponse::Put(response) => {
            put_head(out, RESPONSE_PUT, len);
            Header::inner(response.revision).put(out);
            put_kvs(out, PREV_KV, response.prev_kv.as_slice());
        }
        OpResponse::DeleteRange(response) => {
            put_head(out, RESPONSE_DELETE_RANGE, len);
            Header::inner(response.revision).put(out);
            put_int(out, DELETED, response.deleted as i64);
            put_kvs(out, PREV_KVS, &response.prev_kvs);
        }
        OpResponse::Txn(response) => {
            put_head(out, RESPONSE_TXN, len);
            put_txn(out, &Header::default(), response);
        }
    }
}

fn put_len(response: &PutResponse) -> usize {
    Header::inner(response.revision).len() + kvs_len(response.prev_kv.as_slice())
}

fn delete_len(response: &DeleteRangeResponse) -> usize {
    Header::inner(response.revision).len() + int_len(response.deleted as i64) + kvs_len(&response.prev_kvs)
}

fn kvs_len(kvs: &[KeyValue]) -> usize {
    kvs.iter().map(|kv| kv_field_len(&kv.key, &kv.meta, &kv.value)).sum()
}

fn put_kvs(out: &mut BytesMut, field: u8, kvs: &[KeyValue]) {
    for kv in kvs {
        put_kv_field(out, field, &kv.key, &kv.meta, &kv.value);
    }
}
