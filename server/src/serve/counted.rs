//! Counts calls on their way: what is sent, and how they end.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::{HeaderMap, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Code, Status};

use super::body::Body;
use super::messages::Messages;
use super::reply::Reply;
use crate::encode::FRAME_HEAD_BYTES;
use crate::metrics::Call;

/// A reply to a call that is counted, or to what is no call.
pub(super) struct Counted {
    reply: Reply,
    call: Option<Call>,
}

impl Counted {
    pub(super) fn new(reply: Reply, call: Option<Call>) -> Self {
        Self { reply, call }
    }
}

impl Future for Counted {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Ok(response) = ready!(Pin::new(&mut this.reply).poll(cx));
        Poll::Ready(Ok(match this.call.take() {
            Some(call) => count(call, response),
            None => response,
        }))
    }
}

/// Finishes a call that is answered whole; one that is answered by and by is finished by its body.
fn count(call: Call, response: Response<Body>) -> Response<Body> {
    if let Some(code) = code_in(response.headers()) {
        call.finish(code);
        return response;
    }
    if let Body::Unary(message) = response.body() {
        call.sent(1, message.len().saturating_sub(FRAME_HEAD_BYTES) as u64);
        call.finish(Code::Ok);
        return response;
    }
    response.map(|body| Body::Counted(Box::new(CountedBody { body, call: Some(call), messages: Messages::default() })))
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))
}

/// The body of a response that comes by and by. Dropped before its status, it was given up.
pub(crate) struct CountedBody {
    body: Body,
    call: Option<Call>,
    messages: Messages,
}

impl CountedBody {
    fn passed(&mut self, frame: &Frame<Bytes>) {
        let Some(call) = &self.call else { return };
        if let Some(data) = frame.data_ref() {
            let (messages, bytes) = self.messages.pass(data);
            call.sent(messages, bytes);
        }
        if let Some(trailers) = frame.trailers_ref()
            && let Some(call) = self.call.take()
        {
            call.finish(code_in(trailers).unwrap_or(Code::Unknown));
        }
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            this.passed(frame);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
