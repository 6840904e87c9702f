use bytes::{BufMut, Bytes, BytesMut};

/// gRPC puts before each message whether it is compressed, and its length.
pub(crate) const FRAME_HEAD_BYTES: usize = 5;

/// A message of `len` bytes, written by `put`, as gRPC sends it.
pub(super) fn frame(len: usize, put: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut out = BytesMut::new();
    put_frame(&mut out, len, put);
    out.freeze()
}

/// The same behind what is in `out` already.
pub(super) fn put_frame(out: &mut BytesMut, len: usize, put: impl FnOnce(&mut BytesMut)) {
    out.reserve(FRAME_HEAD_BYTES + len);
    out.put_u8(0);
    out.put_u32(u32::try_from(len).expect("an answer is smaller than 4 GiB"));
    let start = out.len();
    put(out);
    debug_assert_eq!(out.len() - start, len, "what is measured is what is written");
}

/// A generated message as gRPC sends it.
pub(crate) fn frame_of(message: &impl prost::Message) -> Bytes {
    frame(message.encoded_len(), |out| message.encode_raw(out))
}
