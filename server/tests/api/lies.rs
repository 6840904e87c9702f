//! gRPC messages whose head does not tell the truth about their length, and heads that are too large.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request};
use hyper::body::{Body as _, Frame};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use crate::common::{TestServer, soon};

/// One call of each way in which requests are read.
const CALLS: [&str; 3] = ["etcdserverpb.KV/Put", "etcdserverpb.Lease/LeaseGrant", "etcdserverpb.Watch/Watch"];

/// A frame that says that it is `said` bytes long.
fn frame(said: u32, bytes: usize) -> Bytes {
    let mut frame = vec![0];
    frame.extend_from_slice(&said.to_be_bytes());
    // A field that no message has, and its length, so that the bytes are a message where they are enough.
    frame.extend_from_slice(&[0xfa, 0x7f, u8::try_from(bytes.saturating_sub(3)).unwrap()][..bytes.min(3)]);
    frame.resize(5 + bytes, 0);
    frame.into()
}

/// A body of just these bytes.
struct Whole(Option<Bytes>);

impl hyper::body::Body for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(self.get_mut().0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// How a call with this body, and nothing behind it, ends.
async fn send(server: &TestServer, call: &str, body: Bytes, header: Option<HeaderValue>) -> Result<(), Status> {
    let uri = format!("{}/{call}", server.url);
    let body = Body::new(Whole(Some(body)));
    let mut request = Request::post(uri).header("content-type", "application/grpc").body(body).unwrap();
    if let Some(header) = header {
        request.headers_mut().insert("x-huge", header);
    }
    let response =
        soon(server.channel().await.oneshot(request)).await.map_err(|error| Status::from_error(error.into()))?;
    if let Some(status) = Status::from_header_map(response.headers()) {
        return Err(status);
    }
    if !response.status().is_success() {
        return Err(Status::unknown(response.status().to_string()));
    }
    let mut body = response.into_body();
    while let Some(frame) = soon(poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await {
        if let Some(trailers) = frame?.trailers_ref() {
            let status = Status::from_header_map(trailers).expect("a status");
            return if status.code() == Code::Ok { Ok(()) } else { Err(status) };
        }
    }
    Err(Status::unknown("no status"))
}

#[tokio::test]
async fn a_message_shorter_than_it_says_is_refused() {
    let server = TestServer::start().await;
    for call in CALLS {
        let status = send(&server, call, frame(100, 10), None).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{call}: {status}");
    }
}

#[tokio::test]
async fn a_message_longer_than_it_says_is_refused() {
    let server = TestServer::start().await;
    for call in CALLS {
        let status = send(&server, call, frame(10, 100), None).await.unwrap_err();
        assert!(matches!(status.code(), Code::Internal | Code::Unimplemented), "{call}: {status}");
    }
}

#[tokio::test]
async fn a_message_that_says_it_is_huge_is_not_waited_for() {
    let server = TestServer::start().await;
    for call in CALLS {
        let status = send(&server, call, frame(u32::MAX, 10), None).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{call}: {status}");
    }
}

#[tokio::test]
async fn a_head_that_is_cut_off_is_refused() {
    let server = TestServer::start().await;
    for call in CALLS {
        let status = send(&server, call, frame(10, 10).slice(..3), None).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{call}: {status}");
    }
}

#[tokio::test]
async fn a_header_of_two_mebibytes_is_refused_and_costs_nobody_else() {
    let server = TestServer::start().await;
    let mut other = server.client().await;
    let huge = HeaderValue::from_bytes(&vec![b'x'; 2 << 20]).unwrap();
    assert!(send(&server, CALLS[0], frame(0, 0), Some(huge)).await.is_err());
    other.put("k", "v", None).await.unwrap();
}
