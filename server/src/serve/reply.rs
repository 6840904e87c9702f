use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::Response;
use tonic::body::Body;
use tonic::{Code, Status};

type BoxFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// What tonic says of a request above its limit, with a code that is not gRPC's.
const TOO_LARGE: &str = "Error, decoded message length too large";

/// A response to be.
pub(super) enum Reply {
    Ready(Option<Response<Body>>),
    Grpc(BoxFuture),
    Http(BoxFuture),
}

impl Reply {
    pub(super) fn ready(response: Response<Body>) -> Self {
        Self::Ready(Some(response))
    }

    pub(super) fn grpc(future: BoxFuture) -> Self {
        Self::Grpc(future)
    }

    pub(super) fn http(future: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self::Http(Box::pin(async { Ok(future.await) }))
    }
}

impl Future for Reply {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(response) => Poll::Ready(Ok(response.take().expect("polled once"))),
            Self::Grpc(future) => {
                let Ok(response) = ready!(future.as_mut().poll(cx));
                Poll::Ready(Ok(with_etcds_code(response)))
            }
            Self::Http(future) => future.as_mut().poll(cx),
        }
    }
}

/// A message above the transport's limit is ResourceExhausted to gRPC's other implementations, and so to etcd's clients.
fn with_etcds_code(response: Response<Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange && status.message().starts_with(TOO_LARGE) => {
            Status::resource_exhausted("grpc: received message larger than max").into_http()
        }
        _ => response,
    }
}
