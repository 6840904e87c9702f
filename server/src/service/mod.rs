//! The gRPC services, one a file: decode, ask the engine, encode.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use tonic::Status;

mod auth;
mod cluster;
mod concurrency;
mod election;
mod health;
mod kv;
mod lease;
mod lock;
mod maintenance;
mod watch;

pub(crate) use self::auth::AuthService;
pub(crate) use self::cluster::ClusterService;
pub(crate) use self::election::ElectionService;
pub(crate) use self::health::HealthService;
pub(crate) use self::kv::KvService;
pub(crate) use self::lease::LeaseService;
pub(crate) use self::lock::LockService;
pub(crate) use self::maintenance::MaintenanceService;
pub(crate) use self::watch::WatchService;

/// The answers of a stream, framed; several may be in one piece.
pub(crate) type FrameStream = BoxStream<'static, Result<Bytes, Status>>;
