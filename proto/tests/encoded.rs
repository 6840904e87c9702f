//! Encoded answers arrive at an ordinary client as the structs they stand for.

use bytes::Bytes;
use prost::Message as _;
use proto::{
    encoded::{self, Message},
    etcdserverpb::{RangeResponse, ResponseHeader, ResponseOp, TxnResponse, WatchResponse, response_op::Response},
    mvccpb::{Event, KeyValue},
};

fn key_value(key: &'static str) -> KeyValue {
    KeyValue { key: key.into(), mod_revision: 7, value: Bytes::from(vec![b'v'; 300]), ..Default::default() }
}

fn event(key: &'static str) -> Event {
    Event { kv: Some(key_value(key)), ..Default::default() }
}

fn header() -> Option<ResponseHeader> {
    Some(ResponseHeader { revision: 9, ..Default::default() })
}

#[test]
fn events_encoded_once_are_events_of_every_watch() {
    let shared: Vec<Bytes> = ["a", "b"].map(|key| encoded::field(encoded::WATCH_RESPONSE_EVENTS, &event(key))).to_vec();
    for watch_id in [0, 1] {
        let head = WatchResponse { header: header(), watch_id, ..Default::default() };
        let mut response = Message::of(&head);
        shared.iter().for_each(|event| response.push(event.clone()));
        let expected = WatchResponse { events: vec![event("a"), event("b")], ..head };
        assert_eq!(WatchResponse::decode(&response.encode_to_vec()[..]).unwrap(), expected);
    }
}

#[test]
fn a_range_inside_a_transaction_keeps_its_keys() {
    let range = RangeResponse { kvs: vec![key_value("a"), key_value("b")], count: 2, ..Default::default() };
    let mut op = Message::default();
    op.embed(encoded::RESPONSE_OP_RANGE, Message::of(&range));
    let mut txn = Message::of(&TxnResponse { header: header(), succeeded: true, ..Default::default() });
    txn.embed(encoded::TXN_RESPONSE_RESPONSES, op);
    let expected = TxnResponse {
        header: header(),
        succeeded: true,
        responses: vec![ResponseOp { response: Some(Response::ResponseRange(range)) }],
    };
    assert_eq!(txn.len_bytes(), expected.encoded_len());
    assert_eq!(TxnResponse::decode(&txn.encode_to_vec()[..]).unwrap(), expected);
}

#[test]
fn an_empty_operation_is_still_an_answer() {
    let mut txn = Message::default();
    txn.embed(encoded::TXN_RESPONSE_RESPONSES, Message::default());
    assert_eq!(TxnResponse::decode(&txn.encode_to_vec()[..]).unwrap().responses.len(), 1);
}

#[test]
fn the_named_field_numbers_are_those_of_the_fields() {
    let kvs = encoded::field(encoded::RANGE_RESPONSE_KVS, &key_value("a"));
    assert_eq!(RangeResponse::decode(kvs).unwrap().kvs, [key_value("a")]);
    for (number, variant) in [
        (encoded::RESPONSE_OP_RANGE, Response::ResponseRange(Default::default())),
        (encoded::RESPONSE_OP_PUT, Response::ResponsePut(Default::default())),
        (encoded::RESPONSE_OP_DELETE_RANGE, Response::ResponseDeleteRange(Default::default())),
        (encoded::RESPONSE_OP_TXN, Response::ResponseTxn(Default::default())),
    ] {
        let mut op = Message::default();
        op.embed(number, Message::default());
        assert_eq!(ResponseOp::decode(&op.encode_to_vec()[..]).unwrap().response, Some(variant));
    }
}

#[test]
fn an_encoded_message_cannot_be_received() {
    let sent = header().unwrap().encode_to_vec();
    assert!(Message::decode(&sent[..]).is_err());
}
