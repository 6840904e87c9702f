//! The floor: a KV service that answers at once and keeps nothing.

use http::{Request as HttpRequest, Response as HttpResponse};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse,
    RangeRequest, RangeResponse, RangeStreamResponse, TxnRequest, TxnResponse,
    kv_server::{Kv, KvServer},
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, async_trait};
use tower::Service as _;

use crate::error::HarnessError;

struct Null;

#[async_trait]
impl Kv for Null {
    type RangeStreamStream = tokio_stream::Empty<Result<RangeStreamResponse, Status>>;

    async fn range(&self, _: Request<RangeRequest>) -> Result<Response<RangeResponse>, Status> {
        Ok(Response::new(RangeResponse::default()))
    }

    async fn range_stream(&self, _: Request<RangeRequest>) -> Result<Response<Self::RangeStreamStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }

    async fn put(&self, _: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        Ok(Response::new(PutResponse::default()))
    }

    async fn delete_range(&self, _: Request<DeleteRangeRequest>) -> Result<Response<DeleteRangeResponse>, Status> {
        Ok(Response::new(DeleteRangeResponse::default()))
    }

    async fn txn(&self, _: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        Ok(Response::new(TxnResponse { succeeded: true, ..TxnResponse::default() }))
    }

    async fn compact(&self, _: Request<CompactionRequest>) -> Result<Response<CompactionResponse>, Status> {
        Ok(Response::new(CompactionResponse::default()))
    }
}

/// Serves until the listener fails.
///
/// # Errors
/// That failure.
pub async fn serve(listener: TcpListener) -> Result<(), HarnessError> {
    let kv = KvServer::new(Null);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let kv = kv.clone();
        let answer = move |request: HttpRequest<Incoming>| {
            let mut kv = kv.clone();
            async move { kv.call(request).await as Result<HttpResponse<_>, std::convert::Infallible> }
        };
        tokio::spawn(async move {
            let http = http2::Builder::new(TokioExecutor::new());
            // A client that goes away is none of the floor's business.
            let _ = http.serve_connection(TokioIo::new(socket), service_fn(answer)).await;
        });
    }
}
