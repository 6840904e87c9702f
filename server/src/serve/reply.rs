use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::Response;
use tonic::{Code, Status};

use super::body::Body;

type BoxFuture<B> = Pin<Box<dyn Future<Output = B> + Send>>;

/// What tonic says of a request above its limit, with a code that is not gRPC's.
const TOO_LARGE: &str = "Error, decoded message length too large";

/// A response to be.
pub(super) enum Reply {
    Ready(Option<Response<Body>>),
    Ours(BoxFuture<Response<Body>>),
    Tonic(BoxFuture<Result<Response<tonic::body::Body>, Infallible>>),
}

impl Reply {
    /// One that is there.
    pub(super) fn response(response: Response<Body>) -> Self {
        Self::Ready(Some(response))
    }

    /// One that fails.
    pub(super) fn status(status: Status) -> Self {
        Self::response(status.into_http())
    }

    pub(super) fn ours(future: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self::Ours(Box::pin(future))
    }
}

impl Future for Reply {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match self.get_mut() {
            Self::Ready(response) => response.take().expect("polled once"),
            Self::Ours(future) => ready!(future.as_mut().poll(cx)),
            Self::Tonic(future) => {
                let Ok(response) = ready!(future.as_mut().poll(cx));
                with_etcds_code(response)
            }
        }))
    }
}

/// A message above the transport's limit is ResourceExhausted to gRPC's other implementations, and so to etcd's clients.
fn with_etcds_code(response: Response<tonic::body::Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange && status.message().starts_with(TOO_LARGE) => {
            Status::resource_exhausted("grpc: received message larger than max").into_http()
        }
        _ => response.map(Body::Tonic),
    }
}
