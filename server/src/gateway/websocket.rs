//! Streams over WebSocket, for browsers: each text in either direction is one message in JSON. Source of the forms:
//! grpc-websocket-proxy, which etcd puts before its gateway.

use bytes::{Bytes, BytesMut};
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream};
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Utf8Bytes};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

use crate::serve::{Body, RequestBody, error};

type Received = BoxStream<'static, Result<Bytes, Status>>;

/// Whether a request asks for a WebSocket.
pub(crate) fn is_websocket<B>(request: &Request<B>) -> bool {
    let has = |name: HeaderName, token: &str| {
        let values = request.headers().get_all(name);
        let mut tokens = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        tokens.any(|found| found.trim().eq_ignore_ascii_case(token))
    };
    request.version() == Version::HTTP_11 && has(CONNECTION, "upgrade") && has(UPGRADE, "websocket")
}

/// The answer that opens a WebSocket for calls of `path`, and what then has to be run: as [`super::answer`], but with the
/// messages of the WebSocket as the request, and the lines of the answer as its messages. For a request that is no proper one
/// there is an answer alone.
pub(crate) fn open_websocket<F>(
    path: String,
    mut request: Request<RequestBody>,
    max_message_bytes: usize,
    call: impl FnOnce(Request<RequestBody>) -> F + Send + 'static,
) -> (Response<Body>, Option<impl Future<Output = ()> + Send>)
where
    F: Future<Output = Response<Body>> + Send,
{
    let Some(response) = accept(&request) else { return (refusal(), None) };
    let authorization = authorization(request.headers());
    let upgraded = hyper::upgrade::on(&mut request);
    let session = async move {
        let Ok(upgraded) = upgraded.await else { return };
        let config = WebSocketConfig::default()
            .max_message_size(Some(max_message_bytes.saturating_mul(2)))
            .max_frame_size(Some(max_message_bytes.saturating_mul(2)));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let (messages, received) = socket.split();
        let gone = CancellationToken::new();
        let mut request = Request::new(RequestBody::made(requests(received, gone.clone().drop_guard())));
        *request.method_mut() = Method::POST;
        request.headers_mut().extend(authorization.map(|value| (AUTHORIZATION, value)));
        tokio::select! {
            () = gone.cancelled() => {}
            () = respond(messages, super::answer(&path, request, max_message_bytes, call)) => {}
        }
    };
    (response, Some(session))
}

fn accept<B>(request: &Request<B>) -> Option<Response<Body>> {
    let headers = request.headers();
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    if request.method() != Method::GET || headers.get(SEC_WEBSOCKET_VERSION)? != "13" {
        return None;
    }
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let accepted = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).expect("base64 is text");
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accepted);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    if headers.get(SEC_WEBSOCKET_PROTOCOL).is_some_and(|protocol| protocol.as_bytes().starts_with(b"Bearer")) {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("Bearer"));
    }
    Some(response)
}

fn refusal() -> Response<Body> {
    let mut refusal = error(StatusCode::BAD_REQUEST, "Bad Request");
    refusal.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    refusal
}

/// A browser lets a page set no header of a WebSocket but the protocol, so the token comes as one, `Bearer, <token>`, or as a cookie.
fn authorization(headers: &HeaderMap) -> Option<HeaderValue> {
    let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
    let cookie = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("token="));
    let protocol = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|protocol| protocol.to_str().ok());
    let protocol = protocol.and_then(|protocol| protocol.split_once("Bearer,")).map(|(_, token)| token.trim());
    let mut value = HeaderValue::from_str(&format!("Bearer {}", cookie.or(protocol)?)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The texts that come, each a line. When the client is gone, so is `_guard`.
fn requests(received: impl Stream<Item = Result<Message, Error>> + Send + 'static, guard: DropGuard) -> Received {
    let live = received.take_while(|message| ready(matches!(message, Ok(message) if !message.is_close())));
    let texts = live.filter_map(|message| {
        let text = message.ok().filter(|message| message.is_text() || message.is_binary());
        ready(text.map(|message| Ok(line(&message.into_data()))))
    });
    // The guard is dropped with the last message, or with the call.
    let end = stream::once(async move { drop(guard) }).filter_map(|()| ready(None));
    texts.chain(end).boxed()
}

fn line(text: &[u8]) -> Bytes {
    let mut line = BytesMut::with_capacity(text.len() + 1);
    line.extend_from_slice(text);
    line.extend_from_slice(b"\n");
    line.freeze()
}

/// Sends the lines of the answer. Closes the WebSocket behind the last.
async fn respond(
    mut messages: impl Sink<Message, Error = Error> + Unpin,
    answer: impl Future<Output = Response<Body>>,
) {
    let mut body = answer.await.into_body();
    while let Some(Ok(chunk)) = body.next_data().await {
        let text = chunk.strip_suffix(b"\n").map_or_else(|| chunk.clone(), |line| chunk.slice_ref(line));
        let text = Utf8Bytes::try_from(text).expect("JSON is text");
        if messages.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
    let _ = messages.close().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorized(name: &'static str, value: &'static str) -> Option<HeaderValue> {
        let headers = [(HeaderName::from_static(name), HeaderValue::from_static(value))];
        authorization(&headers.into_iter().collect())
    }

    #[test]
    fn a_token_comes_as_a_protocol_or_as_a_cookie() {
        for (name, value) in [
            ("sec-websocket-protocol", "Bearer, abc"),
            ("sec-websocket-protocol", "Bearer,abc"),
            ("cookie", "a=b; token=abc"),
        ] {
            assert_eq!(authorized(name, value).unwrap(), "Bearer abc", "{name}: {value}");
        }
        assert_eq!(authorized("sec-websocket-protocol", "chat"), None);
    }
}
