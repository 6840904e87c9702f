use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use http::{Request, Version};
use hyper::body::Body as _;
use storage_core::{MemoryBackend, Store, StoreOptions};
use tokio_util::task::TaskTracker;

use super::Stop;
pub use super::pings::fuzz as ping_frames;
use super::request::RequestBody;
use super::router::Router;
pub use super::unary::fuzz as message;
use crate::access::{AuthOptions, BCRYPT_COSTS};
use crate::options::ServerOptions;

/// Frames of an answer that are read: some streams have no end.
const ANSWERS: usize = 16;

/// gRPC methods, and paths that take JSON. A call of one that does not exist is refused.
const PATHS: [&str; 40] = [
    "/etcdserverpb.KV/Range",
    "/etcdserverpb.KV/RangeStream",
    "/etcdserverpb.KV/Put",
    "/etcdserverpb.KV/DeleteRange",
    "/etcdserverpb.KV/Txn",
    "/etcdserverpb.KV/Compact",
    "/etcdserverpb.Watch/Watch",
    "/etcdserverpb.Lease/LeaseGrant",
    "/etcdserverpb.Lease/LeaseRevoke",
    "/etcdserverpb.Lease/LeaseKeepAlive",
    "/etcdserverpb.Lease/LeaseTimeToLive",
    "/etcdserverpb.Lease/LeaseLeases",
    "/etcdserverpb.Cluster/MemberList",
    "/etcdserverpb.Maintenance/Alarm",
    "/etcdserverpb.Maintenance/HashKV",
    "/etcdserverpb.Maintenance/Status",
    "/etcdserverpb.Maintenance/Downgrade",
    "/etcdserverpb.Auth/UserAdd",
    "/etcdserverpb.Auth/RoleAdd",
    "/etcdserverpb.Auth/RoleGrantPermission",
    "/etcdserverpb.Auth/UserGrantRole",
    "/etcdserverpb.Auth/UserList",
    "/v3lockpb.Lock/Lock",
    "/v3lockpb.Lock/Unlock",
    "/v3electionpb.Election/Campaign",
    "/v3electionpb.Election/Observe",
    "/grpc.health.v1.Health/Check",
    "/v3/kv/range",
    "/v3/kv/put",
    "/v3/kv/deleterange",
    "/v3/kv/txn",
    "/v3/kv/compaction",
    "/v3/watch",
    "/v3/lease/grant",
    "/v3/lease/keepalive",
    "/v3/lease/timetolive",
    "/v3/maintenance/alarm",
    "/v3/maintenance/hashkv",
    "/v3/auth/role/grant",
    "/health",
];

/// Calls against one fresh server, each a byte that says which, the message's length in two bytes, and the message.
pub async fn calls(mut data: &[u8]) {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await;
    let store = store.expect("memory opens");
    let auth = AuthOptions { bcrypt_cost: *BCRYPT_COSTS.start(), ..AuthOptions::default() };
    let options = ServerOptions { auth, ..ServerOptions::default() };
    let stop = Stop::default();
    let router = Router::new(&store, &options, TaskTracker::new(), &stop);
    while let Some((&[path, a, b], rest)) = data.split_first_chunk() {
        let (message, rest) = rest.split_at(usize::from(u16::from_be_bytes([a, b])).min(rest.len()));
        answer(&router, request(PATHS[usize::from(path) % PATHS.len()], message)).await;
        data = rest;
    }
    stop.drain.cancel();
    store.close().await.expect("memory closes");
}

/// A request as the path has it: gRPC's, with its frame supplied, or JSON.
fn request(path: &str, message: &[u8]) -> Request<RequestBody> {
    let is_json = path.starts_with("/v3/") || path == "/health";
    let (kind, version, head) = if is_json {
        ("application/json", Version::HTTP_11, Vec::new())
    } else {
        let len = u32::try_from(message.len()).expect("a length of two bytes");
        ("application/grpc", Version::HTTP_2, [&[0], &len.to_be_bytes()[..]].concat())
    };
    let body = Bytes::from([&head, message].concat());
    let request = Request::post(path).version(version).header("content-type", kind);
    request.body(RequestBody::made(iter([Ok(body)]).boxed())).expect("the parts are well-formed")
}

async fn answer(router: &Router, request: Request<RequestBody>) {
    let Ok(response) = router.route(request).await;
    let mut body = pin!(response.into_body());
    for _ in 0..ANSWERS {
        if poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.is_none() {
            return;
        }
    }
}
