use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;

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
    /// Whatever tonic makes.
    Tonic(tonic::body::Body),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = match this {
            Self::Empty => return Poll::Ready(None),
            Self::Tonic(body) => return Pin::new(body).poll_frame(cx),
            Self::Unary(message) => {
                let data = Frame::data(std::mem::take(message));
                *this = Self::Ok;
                data
            }
            Self::Ok => {
                *this = Self::Empty;
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
                Frame::trailers(trailers)
            }
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Unary(_) | Self::Ok => false,
            Self::Tonic(body) => body.is_end_stream(),
        }
    }

    /// Said of plain HTTP's answers only: gRPC's have no content-length.
    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty | Self::Unary(_) | Self::Ok => SizeHint::default(),
            Self::Tonic(body) => body.size_hint(),
        }
    }
}
