//! Answers that are encoded before they reach the wire.
//!
//! An event is encoded once, by whoever publishes it, and its bytes are shared by every watcher that sees it; a page of
//! keys is written straight into its wire form instead of into ten thousand structs first. So the servers here take a
//! [`Message`], which is a list of encoded pieces, where those of [`crate::etcdserverpb`] take a struct: for Range,
//! RangeStream, Txn and the responses of a watch. Requests and paths are the same.
//!
//! Pieces put together are one message because protobuf says so: the concatenation of two encoded messages is their
//! merge. A watch response is a struct without events, encoded, and then the events as [`field`]s with number
//! [`WATCH_RESPONSE_EVENTS`]:
//!
//! ```
//! use prost::Message as _;
//! use proto::{encoded, etcdserverpb::WatchResponse, mvccpb::Event};
//!
//! let event = Event::default();
//! let shared = encoded::field(encoded::WATCH_RESPONSE_EVENTS, &event);
//! let mut response = encoded::Message::of(&WatchResponse { watch_id: 7, ..Default::default() });
//! response.push(shared.clone());
//!
//! let received = WatchResponse::decode(&response.encode_to_vec()[..]).expect("both pieces are fields of it");
//! assert_eq!((received.watch_id, received.events), (7, vec![event]));
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::{
    DecodeError,
    encoding::{DecodeContext, WireType, encode_key, encode_varint, encoded_len_varint, key_len},
};

/// The KV service, with Range, RangeStream and Txn answered encoded.
pub use generated::k_v_server::{KV as Kv, KVServer as KvServer};
/// The Watch service, with encoded responses.
pub use generated::watch_server::{Watch, WatchServer};

/// `RangeResponse.kvs`.
pub const RANGE_RESPONSE_KVS: u32 = 2;
/// `RangeStreamResponse.range_response`.
pub const RANGE_STREAM_RESPONSE_RANGE_RESPONSE: u32 = 1;
/// `TxnResponse.responses`.
pub const TXN_RESPONSE_RESPONSES: u32 = 3;
/// `ResponseOp.response_range`.
pub const RESPONSE_OP_RANGE: u32 = 1;
/// `ResponseOp.response_put`.
pub const RESPONSE_OP_PUT: u32 = 2;
/// `ResponseOp.response_delete_range`.
pub const RESPONSE_OP_DELETE_RANGE: u32 = 3;
/// `ResponseOp.response_txn`.
pub const RESPONSE_OP_TXN: u32 = 4;
/// `WatchResponse.events`.
pub const WATCH_RESPONSE_EVENTS: u32 = 11;

/// An encoded message, in pieces that others may share. Cloning copies no bytes of the message.
///
/// It can only be sent: decoding into it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pieces: Vec<Bytes>,
    len_bytes: usize,
}

impl Message {
    /// A message of one piece.
    pub fn of(message: &impl prost::Message) -> Self {
        Self::from(Bytes::from(message.encode_to_vec()))
    }

    /// Adds whole encoded fields.
    pub fn push(&mut self, fields: Bytes) {
        if !fields.is_empty() {
            self.len_bytes += fields.len();
            self.pieces.push(fields);
        }
    }

    /// Adds the fields of another message of the same type.
    pub fn merge(&mut self, other: Self) {
        self.len_bytes += other.len_bytes;
        self.pieces.extend(other.pieces);
    }

    /// Adds a message as the field `number` of this one.
    pub fn embed(&mut self, number: u32, inner: Self) {
        let mut head = BytesMut::with_capacity(key_len(number) + encoded_len_varint(inner.len_bytes as u64));
        put_head(number, inner.len_bytes, &mut head);
        self.push(head.freeze());
        self.merge(inner);
    }

    /// The encoded size.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }
}

impl From<Bytes> for Message {
    fn from(fields: Bytes) -> Self {
        let mut message = Self::default();
        message.push(fields);
        message
    }
}

impl prost::Message for Message {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        for piece in &self.pieces {
            buf.put_slice(piece);
        }
    }

    fn merge_field(
        &mut self,
        _tag: u32,
        _wire_type: WireType,
        _buf: &mut impl Buf,
        _ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        // prost keeps the making of its error to itself, so this one comes from reading a number out of nothing.
        prost::encoding::decode_varint(&mut [].as_slice()).map(|_| ())
    }

    fn encoded_len(&self) -> usize {
        self.len_bytes
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A message encoded as the field `number` of another.
pub fn field(number: u32, message: &impl prost::Message) -> Bytes {
    let len_bytes = message.encoded_len();
    let capacity = key_len(number) + encoded_len_varint(len_bytes as u64) + len_bytes;
    let mut buf = BytesMut::with_capacity(capacity);
    put_field(number, message, &mut buf);
    buf.freeze()
}

/// Appends a message as the field `number` of another.
pub fn put_field(number: u32, message: &impl prost::Message, buf: &mut BytesMut) {
    put_head(number, message.encoded_len(), buf);
    message.encode_raw(buf);
}

/// Appends what comes before the `len_bytes` bytes of a message, string or bytes field.
pub fn put_head(number: u32, len_bytes: usize, buf: &mut BytesMut) {
    encode_key(number, WireType::LengthDelimited, buf);
    encode_varint(len_bytes as u64, buf);
}

#[allow(clippy::all, unreachable_pub, unused_qualifications)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/etcdserverpb.KV.rs"));
    include!(concat!(env!("OUT_DIR"), "/etcdserverpb.Watch.rs"));
}
