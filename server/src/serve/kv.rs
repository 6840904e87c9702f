use std::sync::Arc;

use ::http::Request;
use proto::etcdserverpb::RangeRequest;
use tonic::Status;

use super::reply::Reply;
use super::request::RequestBody;
use super::unary::{answer, answer_stream};
use crate::access::Access;
use crate::service::KvService;

/// The methods of `etcdserverpb.KV`.
pub(super) struct KvRoutes {
    service: Arc<KvService>,
    access: Arc<Access>,
    max_bytes: usize,
}

impl KvRoutes {
    /// Requests above `max_bytes` are not read.
    pub(super) fn new(service: KvService, access: Arc<Access>, max_bytes: usize) -> Self {
        Self { service: Arc::new(service), access, max_bytes }
    }

    pub(super) fn call(&self, request: Request<RequestBody>) -> Reply {
        let sender = match self.access.sender(&request) {
            Ok(sender) => sender,
            Err(status) => return Reply::status(status),
        };
        let (kv, max_bytes) = (Arc::clone(&self.service), self.max_bytes);
        macro_rules! unary {
            ($method:ident) => {
                Reply::ours(async move { answer(request, max_bytes, |message| kv.$method(sender, message)).await })
            };
        }
        match request.uri().path().rsplit('/').next().unwrap_or_default() {
            "Range" => unary!(range),
            "Put" => unary!(put),
            "DeleteRange" => unary!(delete_range),
            "Txn" => unary!(txn),
            "Compact" => unary!(compact),
            "RangeStream" => Reply::ours(async move {
                answer_stream(request, max_bytes, |message: RangeRequest| kv.range_stream(sender, message)).await
            }),
            method => {
                Reply::status(Status::unimplemented(format!("unknown method {method} for service etcdserverpb.KV")))
            }
        }
    }
}
