use std::future::ready;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use prost_reflect::MessageDescriptor;
use tokio::time::{Instant, timeout_at};
use tonic::Status;

use super::answer::Answers;
use super::json;
use super::methods::Method;
use super::requests::Requests;
use super::{error, metadata};
use crate::serve::{Body, RequestBody, response};

/// grpc-gateway shows the call's own headers under this prefix, and this one is always there.
const GRPC_CONTENT_TYPE: HeaderName = HeaderName::from_static("grpc-metadata-content-type");
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const JSON: &str = "application/json";

/// A request in JSON on its way to a service and back.
pub(super) struct Call {
    method: &'static Method,
    metadata: HeaderMap,
    requests: Requests,
    deadline: Option<Instant>,
}

impl Call {
    pub(super) fn new(
        method: &'static Method,
        request: Request<RequestBody>,
        max_message_bytes: usize,
    ) -> Result<Self, Status> {
        let timeout = metadata::timeout(request.headers())?;
        let metadata = metadata::of_call(request.headers());
        let requests = Requests::new(request.into_body(), method.descriptor.input(), max_message_bytes);
        // One that is too far away to be told is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(Self { method, metadata, requests, deadline })
    }

    /// Makes the call by `call`, and answers in JSON.
    pub(super) async fn make<F>(self, call: impl FnOnce(Request<RequestBody>) -> F) -> Result<Response<Body>, Status>
    where
        F: Future<Output = Response<Body>>,
    {
        let (deadline, descriptor) = (self.deadline, &self.method.descriptor);
        let answers = within(deadline, async move {
            let request = self.into_grpc().await?;
            Ok(Answers::new(call(request).await))
        });
        let answers = answers.await?;
        if descriptor.is_server_streaming() {
            Ok(stream_response(answers, deadline, descriptor.output()).await)
        } else {
            within(deadline, unary_response(answers, &descriptor.output())).await
        }
    }

    async fn into_grpc(self) -> Result<Request<RequestBody>, Status> {
        let frames = if self.method.descriptor.is_client_streaming() {
            self.requests.stream()
        } else {
            stream::once(ready(Ok(self.requests.only().await?))).boxed()
        };
        let mut request = Request::new(RequestBody::made(frames));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static(&self.method.path);
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = self.metadata;
        request.headers_mut().insert(CONTENT_TYPE, GRPC);
        Ok(request)
    }
}

/// What `future` gives, if it does so in time.
async fn within<T>(deadline: Option<Instant>, future: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    match deadline {
        None => future.await,
        Some(deadline) => match timeout_at(deadline, future).await {
            Ok(output) => output,
            Err(_) => Err(Status::deadline_exceeded("context deadline exceeded")),
        },
    }
}

async fn unary_response(mut answers: Answers, kind: &MessageDescriptor) -> Result<Response<Body>, Status> {
    let message = answers.next().await?.ok_or_else(|| Status::internal("the answer is empty"))?;
    if answers.next().await?.is_some() {
        return Err(Status::internal("more than one answer"));
    }
    let mut json = Vec::with_capacity(message.len() * 2);
    json::write(kind, message, &mut json)?;
    Ok(succeeded(response(StatusCode::OK, JSON, json)))
}

/// A line for each message. The response begins with the first, so that a failure before it can still be a status.
async fn stream_response(mut answers: Answers, deadline: Option<Instant>, kind: MessageDescriptor) -> Response<Body> {
    let first = match within(deadline, next_line(&mut answers, &kind)).await {
        Ok(Some(line)) => line,
        // Nothing at all, a type neither.
        Ok(None) => return Response::new(Body::PlainStream(stream::empty().boxed())),
        Err(status) => return error::stream_response(&status),
    };
    let rest = stream::unfold(Some((answers, kind)), move |state| async move {
        let (mut answers, kind) = state?;
        match within(deadline, next_line(&mut answers, &kind)).await {
            Ok(line) => line.map(|line| (Ok(line), Some((answers, kind)))),
            Err(status) => Some((Ok(Bytes::from(error::chunk(&status))), None)),
        }
    });
    let mut response = response(StatusCode::OK, JSON, Bytes::new());
    *response.body_mut() = Body::PlainStream(stream::once(ready(Ok(first))).chain(rest).boxed());
    succeeded(response)
}

async fn next_line(answers: &mut Answers, kind: &MessageDescriptor) -> Result<Option<Bytes>, Status> {
    let Some(message) = answers.next().await? else { return Ok(None) };
    let mut line = Vec::with_capacity(message.len() * 2);
    line.extend_from_slice(b"{\"result\":");
    json::write(kind, message, &mut line)?;
    line.extend_from_slice(b"}\n");
    Ok(Some(json::escape_html(line).into()))
}

fn succeeded(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(GRPC_CONTENT_TYPE, GRPC);
    response
}
