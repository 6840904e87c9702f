use ::http::header::{ALLOW, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use ::http::{HeaderValue, Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use crate::serve::body::Body;

const TEXT: &str = "text/plain; charset=utf-8";

/// An answer that is known as a whole.
pub(crate) fn response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::Plain(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(super) fn json(body: &impl Serialize) -> Response<Body> {
    response(StatusCode::OK, "application/json", to_json(body))
}

/// JSON as etcd's `/health` sends it: under the type of text.
pub(super) fn json_as_text(body: &impl Serialize) -> Response<Body> {
    response(StatusCode::OK, TEXT, to_json(body))
}

pub(super) fn to_json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("strings and numbers are always JSON")
}

/// Text that no browser may take for anything else.
pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = response(status, TEXT, body);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An error as Go's HTTP server writes it, and so etcd.
pub(crate) fn error(status: StatusCode, message: &str) -> Response<Body> {
    text(status, format!("{message}\n"))
}

pub(super) fn not_found() -> Response<Body> {
    error(StatusCode::NOT_FOUND, "404 page not found")
}

pub(super) fn method_not_allowed() -> Response<Body> {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}
