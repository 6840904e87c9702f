//! The gRPC services, one a file: decode, ask the engine, encode.

mod cluster;
mod health;
mod kv;
mod lease;
mod maintenance;
mod watch;

pub(crate) use self::cluster::ClusterService;
pub(crate) use self::health::HealthService;
pub(crate) use self::kv::{ChunkStream, KvService};
pub(crate) use self::lease::LeaseService;
pub(crate) use self::maintenance::MaintenanceService;
pub(crate) use self::watch::WatchService;
