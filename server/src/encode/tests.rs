//! What is written here is what the generated messages read.

use std::sync::Arc;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::mvccpb;
use storage_core::{
    DeleteRangeResponse, Event, Key, KeyValue, LeaseId, OpResponse, PrevKv, PutResponse, RangeChunk, RangeResponse,
    Revision, StreamEnd, Sub, TxnResponse, VersionId, VersionMeta, WatchId,
};

use super::{FRAME_HEAD_BYTES, Header, WatchHead, frame_of, put_watch, range, range_chunk, txn};

const HEADER: Header = Header { cluster_id: u64::MAX, member_id: 7, revision: Revision(300), raft_term: 2 };

/// The message in a frame.
fn decode_frame<M: prost::Message + Default>(frame: &Bytes) -> M {
    let (head, message) = frame.split_at(FRAME_HEAD_BYTES);
    let len = u32::from_be_bytes(head[1..].try_into().unwrap());
    assert_eq!((head[0], len as usize), (0, message.len()));
    M::decode(message).expect("it is such a message")
}

fn meta(revision: i64, value: usize) -> VersionMeta {
    let id = VersionId { revision: Revision(revision), sub: Sub(0) };
    VersionMeta::put(id, Revision(2), 129, LeaseId(-1), value)
}

fn key_value(name: &str, value: usize) -> KeyValue {
    KeyValue { key: Key::from(name.as_bytes()), meta: meta(300, value), value: vec![b'v'; value].into() }
}

fn wire(name: &str, value: usize) -> mvccpb::KeyValue {
    crate::convert::key_value(key_value(name, value))
}

fn range_response(kvs: Vec<KeyValue>) -> RangeResponse {
    let mut response = RangeResponse::default();
    (response.revision, response.kvs, response.more, response.count) = (Revision(299), kvs, true, 1000);
    response
}

fn wire_header() -> Option<pb::ResponseHeader> {
    Some(pb::ResponseHeader { cluster_id: u64::MAX, member_id: 7, revision: 300, raft_term: 2 })
}

fn inner_header(revision: i64) -> Option<pb::ResponseHeader> {
    Some(pb::ResponseHeader { revision, ..Default::default() })
}

#[test]
fn a_range_response_is_read_back() {
    let decoded: pb::RangeResponse =
        decode_frame(&range(&HEADER, &range_response(vec![key_value("a", 0), key_value("b", 200)])).unwrap());
    let expected =
        pb::RangeResponse { header: wire_header(), kvs: vec![wire("a", 0), wire("b", 200)], more: true, count: 1000 };
    assert_eq!(decoded, expected);
}

#[test]
fn a_generated_message_is_framed() {
    let message = pb::PutResponse { header: wire_header(), prev_kv: None };
    assert_eq!(decode_frame::<pb::PutResponse>(&frame_of(&message).unwrap()), message);
}

#[test]
fn a_chunk_has_its_header_at_the_end_only() {
    let chunk = |end| RangeChunk { kvs: vec![key_value("a", 20_000)], end };
    let inner: pb::RangeStreamResponse = decode_frame(&range_chunk(&chunk(None), |_| unreachable!("no end")).unwrap());
    let kvs = vec![wire("a", 20_000)];
    let first = pb::RangeResponse { kvs: kvs.clone(), ..Default::default() };
    assert_eq!(inner.range_response, Some(first));

    let end = StreamEnd { revision: Revision(300), more: true, count: 5 };
    let last: pb::RangeStreamResponse = decode_frame(&range_chunk(&chunk(Some(end)), |_| HEADER).unwrap());
    let expected = pb::RangeResponse { header: wire_header(), kvs, more: true, count: 5 };
    assert_eq!(last.range_response, Some(expected));
}

#[test]
fn a_transactions_answers_are_read_back_whatever_their_kind() {
    let revision = Revision(300);
    let nested = TxnResponse {
        revision: Revision(0),
        succeeded: false,
        responses: vec![OpResponse::Range(range_response(vec![key_value("n", 300)]))],
    };
    let response = TxnResponse {
        revision,
        succeeded: true,
        responses: vec![
            OpResponse::Put(PutResponse { revision, prev_kv: Some(key_value("p", 1)) }),
            OpResponse::Put(PutResponse { revision, prev_kv: None }),
            OpResponse::DeleteRange(DeleteRangeResponse { revision, deleted: 2, prev_kvs: vec![key_value("d", 9)] }),
            OpResponse::Txn(nested),
        ],
    };
    let decoded: pb::TxnResponse = decode_frame(&txn(&HEADER, &response).unwrap());
    let op = |response| pb::ResponseOp { response: Some(response) };
    use pb::response_op::Response;
    let put = |prev_kv| op(Response::ResponsePut(pb::PutResponse { header: inner_header(300), prev_kv }));
    let delete = pb::DeleteRangeResponse { header: inner_header(300), deleted: 2, prev_kvs: vec![wire("d", 9)] };
    let inner = pb::RangeResponse { header: inner_header(299), kvs: vec![wire("n", 300)], more: true, count: 1000 };
    let nested = pb::TxnResponse {
        header: Some(pb::ResponseHeader::default()),
        succeeded: false,
        responses: vec![op(Response::ResponseRange(inner))],
    };
    let expected = pb::TxnResponse {
        header: wire_header(),
        succeeded: true,
        responses: vec![
            put(Some(wire("p", 1))),
            put(None),
            op(Response::ResponseDeleteRange(delete)),
            op(Response::ResponseTxn(nested)),
        ],
    };
    assert_eq!(decoded, expected);
}

/// A watch response behind another one.
fn watch(head: &WatchHead, events: &[Arc<Event>]) -> pb::WatchResponse {
    let mut out = bytes::BytesMut::new();
    put_watch(&mut out, head, &[], false);
    let first = out.split();
    put_watch(&mut out, head, events, true);
    assert_eq!(first.len(), FRAME_HEAD_BYTES + head.len_with(&[], false));
    decode_frame(&out.freeze())
}

#[test]
fn a_watch_response_is_read_back() {
    for size in [10, 5_000] {
        let event = |name: &str| {
            let prev = PrevKv::known(meta(3, size), vec![b'p'; size].into());
            let value: Bytes = vec![b'v'; size].into();
            Arc::new(Event::new(Key::from(name.as_bytes()), meta(300, size), value, Some(prev)))
        };
        let mut head = WatchHead::new(HEADER, WatchId(200));
        head.fragment = true;
        let decoded = watch(&head, &[event("a"), event("b")]);
        assert_eq!((decoded.header, decoded.watch_id, decoded.fragment), (wire_header(), 200, true));
        let seen: Vec<_> = decoded
            .events
            .iter()
            .map(|event| (event.kv.clone().unwrap(), event.prev_kv.as_ref().unwrap().value.len()))
            .collect();
        assert_eq!(seen, [(wire("a", size), size), (wire("b", size), size)]);
    }
}

#[test]
fn a_canceled_watch_says_why() {
    let head = WatchHead {
        created: true,
        canceled: true,
        compact_revision: Revision(9),
        cancel_reason: "why".repeat(2000),
        ..WatchHead::new(HEADER, WatchId(-1))
    };
    let decoded = watch(&head, &[]);
    let expected = pb::WatchResponse {
        header: wire_header(),
        watch_id: -1,
        created: true,
        canceled: true,
        compact_revision: 9,
        cancel_reason: "why".repeat(2000),
        ..Default::default()
    };
    assert_eq!(decoded, expected);
}
