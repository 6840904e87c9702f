use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tonic::Status;

/// The body of a request, wherever it comes from. One type, so that the services are compiled once.
pub(crate) enum RequestBody {
    /// What a connection receives.
    Received(Incoming),
    /// What the server makes itself, such as gRPC's form of a request that came as JSON.
    Made(BoxStream<'static, Result<Bytes, Status>>),
}

impl RequestBody {
    /// Whether the client spoke to a gateway of the server's and not to the service itself.
    pub(super) fn is_made(&self) -> bool {
        matches!(self, Self::Made(_))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.get_mut() {
            Self::Received(body) => Pin::new(body).poll_frame(cx).map_err(|error| broken_off(&error)),
            Self::Made(data) => data.poll_next_unpin(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Received(body) => body.is_end_stream(),
            Self::Made(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Received(body) => body.size_hint(),
            Self::Made(_) => SizeHint::default(),
        }
    }
}

fn broken_off(error: &hyper::Error) -> Status {
    Status::cancelled(format!("the request broke off: {error}"))
}
