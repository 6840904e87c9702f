//! Calls with one request, the shortest way: from HTTP/2's frames to a message, and from encoded answers back. tonic does the
//! same for any codec, any compression and any stream, and pays for it at each call.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use hyper::body::Body as _;
use tonic::Status;

use super::body::Body;
use super::request::RequestBody;
use crate::encode::FRAME_HEAD_BYTES;
use crate::service::FrameStream;

/// Answers a call with what `call` makes of its request: a framed message.
pub(super) async fn answer<M, F>(
    request: Request<RequestBody>,
    max_bytes: usize,
    call: impl FnOnce(M) -> F,
) -> Response<Body>
where
    M: prost::Message + Default,
    F: Future<Output = Result<Bytes, Status>>,
{
    let answer = match read(request.into_body(), max_bytes).await {
        Ok(message) => call(message).await,
        Err(status) => Err(status),
    };
    response(answer.map(Body::Unary))
}

/// Answers a call with the stream that `call` makes of its request.
pub(super) async fn answer_stream<M, F>(
    request: Request<RequestBody>,
    max_bytes: usize,
    call: impl FnOnce(M) -> F,
) -> Response<Body>
where
    M: prost::Message + Default,
    F: Future<Output = Result<FrameStream, Status>>,
{
    let answer = match read(request.into_body(), max_bytes).await {
        Ok(message) => call(message).await,
        Err(status) => Err(status),
    };
    response(answer.map(Body::Stream))
}

/// A response with this body, or one that is all status.
pub(super) fn response(answer: Result<Body, Status>) -> Response<Body> {
    match answer {
        Ok(body) => {
            let mut response = Response::new(body);
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            response
        }
        Err(status) => status.into_http(),
    }
}

/// The one message of a request. Its keys and values are slices of what was received.
async fn read<M: prost::Message + Default>(mut body: RequestBody, max_bytes: usize) -> Result<M, Status> {
    let mut received = Received::default();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            received.push(data, max_bytes)?;
        }
    }
    let message = received.message()?;
    M::decode(message).map_err(|error| Status::internal(format!("grpc: error unmarshalling request: {error}")))
}

/// What has come of a message. Mostly it comes at once, and is not copied then.
#[derive(Default)]
struct Received {
    bytes: Bytes,
    /// Takes over where it comes in parts.
    parts: BytesMut,
}

impl Received {
    fn push(&mut self, data: Bytes, max_bytes: usize) -> Result<(), Status> {
        if self.bytes.is_empty() && self.parts.is_empty() {
            self.bytes = data;
        } else {
            if self.parts.is_empty() {
                let expected = length(&self.bytes).map_or(0, |len| len.min(max_bytes));
                self.parts.reserve(FRAME_HEAD_BYTES + expected.max(self.bytes.len() + data.len()));
                self.parts.extend_from_slice(&std::mem::take(&mut self.bytes));
            }
            self.parts.extend_from_slice(&data);
        }
        let so_far = if self.parts.is_empty() { &self.bytes[..] } else { &self.parts[..] };
        match length(so_far) {
            Some(len) if len > max_bytes => Err(Status::resource_exhausted(format!(
                "grpc: received message larger than max ({len} vs. {max_bytes})"
            ))),
            Some(len) if so_far.len() > FRAME_HEAD_BYTES + len => {
                Err(Status::internal("grpc: a request of one message has more behind it"))
            }
            _ => Ok(()),
        }
    }

    fn message(self) -> Result<Bytes, Status> {
        let mut frame = if self.parts.is_empty() { self.bytes } else { self.parts.freeze() };
        match length(&frame) {
            Some(len) if frame.len() == FRAME_HEAD_BYTES + len => {}
            _ => return Err(Status::internal("grpc: the request ends before its message does")),
        }
        if frame[0] != 0 {
            return Err(Status::unimplemented("grpc: compressed requests are not understood"));
        }
        frame.advance(FRAME_HEAD_BYTES);
        Ok(frame)
    }
}

/// The length of the message that a frame begins, once its head is there.
fn length(frame: &[u8]) -> Option<usize> {
    let &[_, a, b, c, d, ..] = frame else { return None };
    Some(u32::from_be_bytes([a, b, c, d]) as usize)
}

/// A framed message is received or refused alike however it comes; the first byte says how.
#[cfg(feature = "fuzzing")]
pub fn fuzz(data: &[u8]) {
    let Some((&step, frame)) = data.split_first() else { return };
    let receive = |step: usize| {
        let mut received = Received::default();
        for part in frame.chunks(step) {
            received.push(Bytes::copy_from_slice(part), 1000)?;
        }
        received.message()
    };
    match (receive(usize::from(step).max(1)), receive(frame.len().max(1))) {
        (Ok(parts), Ok(whole)) => assert_eq!(parts, whole),
        (Err(parts), Err(whole)) => assert_eq!(parts.code(), whole.code()),
        (parts, whole) => panic!("{parts:?} and {whole:?}"),
    }
}

#[cfg(test)]
mod tests {
    use proto::etcdserverpb::PutRequest;
    use tonic::Code;

    use super::*;
    use crate::encode::frame_of;

    fn request(bytes: usize) -> (PutRequest, Bytes) {
        let request = PutRequest { key: "k".into(), value: vec![b'v'; bytes].into(), ..Default::default() };
        let frame = frame_of(&request).unwrap();
        (request, frame)
    }

    fn receive(frame: &[u8], step: usize) -> Result<Bytes, Status> {
        let mut received = Received::default();
        for part in frame.chunks(step) {
            received.push(Bytes::copy_from_slice(part), 1000)?;
        }
        received.message()
    }

    #[test]
    fn a_message_is_whole_however_it_comes() {
        let (request, frame) = request(300);
        for step in [1, 3, 5, 6, 100, 1000] {
            let message = receive(&frame, step).unwrap();
            assert_eq!(prost::Message::decode(message), Ok(request.clone()), "in steps of {step}");
        }
    }

    #[test]
    fn an_empty_message_is_one() {
        assert_eq!(receive(&[0; 5], 5).unwrap(), Bytes::new());
    }

    #[test]
    fn what_is_too_large_is_not_waited_for() {
        let (_, frame) = request(2000);
        let status = receive(&frame[..10], 10).unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
    }

    #[test]
    fn what_is_torn_or_too_long_or_compressed_is_refused() {
        let (_, frame) = request(30);
        assert_eq!(receive(&[], 1).unwrap_err().code(), Code::Internal);
        assert_eq!(receive(&frame[..frame.len() - 1], 7).unwrap_err().code(), Code::Internal);
        assert_eq!(receive(&[&frame[..], b"x"].concat(), 7).unwrap_err().code(), Code::Internal);
        assert_eq!(receive(&[1, 0, 0, 0, 0], 5).unwrap_err().code(), Code::Unimplemented);
    }
}
