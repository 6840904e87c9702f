//! The JSON gateway: every call of the API as a POST under `/v3/`, in protobuf's JSON form.
//!
//! A request is translated into gRPC's form and goes the way of every other (`call`), and its answer is translated back, so
//! nothing here knows what a call means. Source of the forms: grpc-gateway 2.29 as etcd 3.7.3 sets it up
//! (`server/embed/serve.go`, `registerGateway`).

mod answer;
mod call;
mod error;
mod json;
mod metadata;
mod methods;
mod paths;
mod requests;
#[cfg(test)]
mod tests;
mod values;
mod websocket;

use http::{Method as Verb, Request, Response};
use tonic::Status;

use self::call::Call;
use self::methods::METHODS;
pub(crate) use self::websocket::{is_websocket, open_websocket};
use crate::serve::{Body, RequestBody};

/// Where the gateway's paths begin.
pub(crate) const PREFIX: &str = "/v3/";
/// An old name of it, which etcd still takes.
const OLD_PREFIX: &str = "/v3beta/";

/// The path that a request means, if it is one for the gateway.
pub(crate) fn path_of(path: &str) -> Option<String> {
    if path.starts_with(PREFIX) {
        return Some(path.to_owned());
    }
    path.strip_prefix(OLD_PREFIX).map(|rest| format!("{PREFIX}{rest}"))
}

/// Answers a request for `path`, which is one of [`path_of`], by what `call` answers to the same request as gRPC.
pub(crate) async fn answer<F>(
    path: &str,
    request: Request<RequestBody>,
    max_message_bytes: usize,
    call: impl FnOnce(Request<RequestBody>) -> F,
) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let Some(method) = METHODS.find(path) else {
        return error::response(&Status::not_found("Not Found"));
    };
    if request.method() != Verb::POST {
        return error::response(&Status::unimplemented("Method Not Allowed"));
    }
    let answered = match Call::new(method, request, max_message_bytes) {
        Ok(prepared) => prepared.make(call).await,
        Err(status) => Err(status),
    };
    answered.unwrap_or_else(|status| error::response(&status))
}
