use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tonic::Status;

use super::messages::Messages;
use crate::metrics::Meter;

/// The body of a request, wherever it comes from. One type, so that the services are compiled once.
pub(crate) struct RequestBody {
    source: Source,
    /// Counts what passes, once it is known of which call it is.
    count: Option<(Meter, Messages)>,
}

enum Source {
    /// What a connection receives.
    Received(Incoming),
    /// What the server makes itself, such as gRPC's form of a request that came as JSON.
    Made(BoxStream<'static, Result<Bytes, Status>>),
}

impl RequestBody {
    /// Whether the client spoke to a gateway of the server's and not to the service itself.
    pub(super) fn is_made(&self) -> bool {
        matches!(self.source, Source::Made(_))
    }

    pub(super) fn received(body: Incoming) -> Self {
        Self { source: Source::Received(body), count: None }
    }

    /// Framed messages that the server makes itself.
    pub(crate) fn made(messages: BoxStream<'static, Result<Bytes, Status>>) -> Self {
        Self { source: Source::Made(messages), count: None }
    }

    /// The same, counted.
    pub(super) fn counted(self, meter: Meter) -> Self {
        Self { count: Some((meter, Messages::default())), ..self }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(match &mut this.source {
            Source::Received(body) => Pin::new(body).poll_frame(cx).map_err(|error| broken_off(&error)),
            Source::Made(data) => data.poll_next_unpin(cx).map_ok(Frame::data),
        });
        if let (Some((meter, messages)), Some(Ok(frame))) = (&mut this.count, &frame)
            && let Some(data) = frame.data_ref()
        {
            let (messages, bytes) = messages.pass(data);
            meter.received(messages, bytes);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Received(body) => body.is_end_stream(),
            Source::Made(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Received(body) => body.size_hint(),
            Source::Made(_) => SizeHint::default(),
        }
    }
}

fn broken_off(error: &hyper::Error) -> Status {
    Status::cancelled(format!("the request broke off: {error}"))
}
