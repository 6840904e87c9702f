use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use tonic::{Code, Status};

use super::json::escape_html;
use crate::serve::{Body, response as plain};

/// `google.rpc.Status` in JSON, without what has its default.
#[derive(Serialize)]
struct Error<'a> {
    #[serde(skip_serializing_if = "is_zero")]
    code: i32,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

#[derive(Serialize)]
struct Chunk<'a> {
    error: Error<'a>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(code: &i32) -> bool {
    *code == 0
}

impl<'a> From<&'a Status> for Error<'a> {
    fn from(status: &'a Status) -> Self {
        Self { code: status.code().into(), message: status.message() }
    }
}

/// The answer to a call that failed.
pub(super) fn response(status: &Status) -> Response<Body> {
    let mut response = plain(http_status(status.code()), "application/json", to_json(&Error::from(status)));
    if status.code() == Code::Unauthenticated
        && let Ok(message) = HeaderValue::from_str(status.message())
    {
        response.headers_mut().insert(WWW_AUTHENTICATE, message);
    }
    response
}

/// The answer to a call that failed where a stream would have begun.
pub(super) fn stream_response(status: &Status) -> Response<Body> {
    plain(http_status(status.code()), "application/json", chunk(status))
}

/// The last line of a stream that failed.
pub(super) fn chunk(status: &Status) -> Vec<u8> {
    let mut line = escape_html(to_json(&Chunk { error: Error::from(status) }));
    line.push(b'\n');
    line
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and strings are always JSON")
}

/// Source: grpc-gateway, `runtime/errors.go`, `HTTPStatusFromCode`.
fn http_status(code: Code) -> StatusCode {
    let status = match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::ResourceExhausted => 429,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::DeadlineExceeded => 504,
    };
    StatusCode::from_u16(status).expect("these are numbers of statuses")
}
