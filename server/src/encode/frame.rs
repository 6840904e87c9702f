use bytes::{BufMut, Bytes, BytesMut};
use tonic::Status;

/// gRPC puts before each message whether it is compressed, and its length.
pub(crate) const FRAME_HEAD_BYTES: usize = 5;

/// etcd's limit on one answer, gRPC's own: the largest 32-bit number with a sign.
const MAX_ANSWER_BYTES: usize = i32::MAX as usize;

/// A message of `len` bytes, written by `put`, as gRPC sends it. One that is larger than a message may be fails as in etcd.
pub(super) fn frame(len: usize, put: impl FnOnce(&mut BytesMut)) -> Result<Bytes, Status> {
    if len > MAX_ANSWER_BYTES {
        return Err(Status::resource_exhausted(format!(
            "grpc: trying to send message larger than max ({len} vs. {MAX_ANSWER_BYTES})"
        )));
    }
    let mut out = BytesMut::new();
    put_frame(&mut out, len, put);
    Ok(out.freeze())
}

/// A message of bounded size behind what is in `out` already.
pub(super) fn put_frame(out: &mut BytesMut, len: usize, put: impl FnOnce(&mut BytesMut)) {
    out.reserve(FRAME_HEAD_BYTES + len);
    out.put_u8(0);
    out.put_u32(u32::try_from(len).expect("what is put here is bounded by its caller"));
    let start = out.len();
    put(out);
    debug_assert_eq!(out.len() - start, len, "what is measured is what is written");
}

/// A generated message as gRPC sends it.
pub(crate) fn frame_of(message: &impl prost::Message) -> Result<Bytes, Status> {
    frame(message.encoded_len(), |out| message.encode_raw(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_above_grpcs_limit_is_an_error_and_not_written() {
        let error = frame(MAX_ANSWER_BYTES + 1, |_| unreachable!("it is too large")).unwrap_err();
        assert_eq!(error.code(), tonic::Code::ResourceExhausted);
        assert_eq!(error.message(), "grpc: trying to send message larger than max (2147483648 vs. 2147483647)");
    }
}
