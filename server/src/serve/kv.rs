use std::future::{Ready, ready};
use std::sync::Arc;

use ::http::Request;
use hyper::body::Incoming;
use proto::encoded::Message;
use proto::etcdserverpb::RangeRequest;
use tonic::Status;
use tonic::server::{Grpc, ServerStreamingService};
use tonic_prost::ProstCodec;

use super::reply::Reply;
use super::unary::answer;
use crate::service::{ChunkStream, KvService};

/// The methods of `etcdserverpb.KV`.
pub(super) struct KvRoutes {
    service: Arc<KvService>,
    max_bytes: usize,
}

impl KvRoutes {
    /// Requests above `max_bytes` are not read.
    pub(super) fn new(service: KvService, max_bytes: usize) -> Self {
        Self { service: Arc::new(service), max_bytes }
    }

    pub(super) fn call(&self, request: Request<Incoming>) -> Reply {
        let (kv, max_bytes) = (Arc::clone(&self.service), self.max_bytes);
        macro_rules! unary {
            ($method:ident) => {
                Reply::ours(async move { answer(request, max_bytes, |message| kv.$method(message)).await })
            };
        }
        match request.uri().path().rsplit('/').next().unwrap_or_default() {
            "Range" => unary!(range),
            "Put" => unary!(put),
            "DeleteRange" => unary!(delete_range),
            "Txn" => unary!(txn),
            "Compact" => unary!(compact),
            "RangeStream" => Reply::Tonic(Box::pin(async move {
                let codec = ProstCodec::<Message, RangeRequest>::default();
                let mut grpc = Grpc::new(codec).apply_max_message_size_config(Some(max_bytes), None);
                Ok(grpc.server_streaming(RangeStreamMethod(kv), request).await)
            })),
            method => {
                Reply::status(Status::unimplemented(format!("unknown method {method} for service etcdserverpb.KV")))
            }
        }
    }
}

/// RangeStream as tonic wants it.
struct RangeStreamMethod(Arc<KvService>);

impl ServerStreamingService<RangeRequest> for RangeStreamMethod {
    type Response = Message;
    type ResponseStream = ChunkStream;
    type Future = Ready<Result<tonic::Response<ChunkStream>, Status>>;

    fn call(&mut self, request: tonic::Request<RangeRequest>) -> Self::Future {
        ready(self.0.range_stream(request.get_ref()).map(tonic::Response::new))
    }
}
