use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::{HeaderMap, Response};
use tonic::{Code, Status};

use super::body::Body;
use crate::status;

type BoxFuture<B> = Pin<Box<dyn Future<Output = B> + Send>>;

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

    /// The same with `change` made to its headers.
    pub(super) fn map_headers(self, change: impl FnOnce(&mut HeaderMap) + Send + 'static) -> Self {
        Self::ours(async move {
            let Ok(mut response) = self.await;
            change(response.headers_mut());
            response
        })
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

/// tonic's own refusals with the codes that etcd's clients know.
fn with_etcds_code(response: Response<tonic::body::Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::OutOfRange => status::of_transport(status).into_http(),
        _ => response.map(Body::Tonic),
    }
}
