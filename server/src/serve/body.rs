use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderMap;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;

use super::counted::CountedBody;
use crate::service::FrameStream;

/// The body of a response.
#[derive(Default)]
pub(crate) enum Body {
    /// Nothing: all is said in the headers.
    #[default]
    Empty,
    /// One framed gRPC message, and then the status that says that all went well.
    Unary(Bytes),
    /// That status.
    Ok,
    /// Framed gRPC messages, and then a status.
    Stream(FrameStream),
    /// Whatever tonic makes.
    Tonic(tonic::body::Body),
    /// One that is counted as it passes.
    Counted(Box<CountedBody>),
    /// Plain HTTP's, whole.
    Plain(Bytes),
    /// Plain HTTP's, as it comes. It ends without a status.
    PlainStream(FrameStream),
}

impl Body {
    /// The next piece of plain HTTP's body.
    pub(crate) async fn next_data(&mut self) -> Option<Result<Bytes, Status>> {
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut *self).poll_frame(cx)).await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(status) => return Some(Err(status)),
            }
        }
        None
    }

    /// The status as the last frame.
    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        *self = Self::Empty;
        let mut trailers = HeaderMap::with_capacity(2);
        // Nothing of ours has details or metadata that could not be a header.
        let _ = status.add_header(&mut trailers);
        Frame::trailers(trailers)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = match this {
            Self::Empty => return Poll::Ready(None),
            Self::Tonic(body) => return Pin::new(body).poll_frame(cx),
            Self::Counted(body) => return Pin::new(&mut **body).poll_frame(cx),
            Self::Unary(message) => {
                let data = Frame::data(std::mem::take(message));
                *this = Self::Ok;
                data
            }
            Self::Stream(frames) => match ready!(frames.poll_next_unpin(cx)) {
                Some(Ok(frame)) => Frame::data(frame),
                Some(Err(status)) => this.end(&status),
                None => this.end(&Status::ok("")),
            },
            Self::Ok => this.end(&Status::ok("")),
            Self::Plain(bytes) => {
                let data = Frame::data(std::mem::take(bytes));
                *this = Self::Empty;
                data
            }
            Self::PlainStream(bytes) => return bytes.poll_next_unpin(cx).map_ok(Frame::data),
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Unary(_) | Self::Stream(_) | Self::Ok | Self::PlainStream(_) => false,
            Self::Plain(bytes) => bytes.is_empty(),
            Self::Tonic(body) => body.is_end_stream(),
            Self::Counted(body) => body.is_end_stream(),
        }
    }

    /// Said of plain HTTP's answers only: gRPC's have no content-length.
    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty | Self::Unary(_) | Self::Stream(_) | Self::Ok | Self::PlainStream(_) => SizeHint::default(),
            Self::Tonic(body) => body.size_hint(),
            Self::Counted(body) => body.size_hint(),
            Self::Plain(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
