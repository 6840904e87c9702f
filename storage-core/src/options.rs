//! How a [`Store`](crate::Store) runs.

use std::sync::Arc;
use std::time::Duration;

use crate::environment::{Environment, SystemEnvironment};

/// etcd's default quota: 2 GiB.
pub const DEFAULT_QUOTA_BYTES: u64 = 2 << 30;
/// etcd's default limit of operations in each list of a transaction.
pub const DEFAULT_MAX_TXN_OPS: usize = 128;
/// etcd's default limit of a request's size.
pub const DEFAULT_MAX_REQUEST_BYTES: usize = 1_572_864;
/// etcd's lowest lease: 1.5 times its default election timeout of a second, rounded up.
pub const DEFAULT_MIN_LEASE_TTL: i64 = 2;

/// How a store runs. `..StoreOptions::default()` gives etcd's limits and a small memory footprint.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Bytes of values kept in memory for reads.
    pub cache_bytes: u64,
    /// Bytes of recent events kept for watchers that are behind.
    pub ring_bytes: usize,
    /// Size of the storage at which writes are refused and the NOSPACE alarm is raised; `None` for no quota.
    pub quota_bytes: Option<u64>,
    /// Operations allowed in each list of a transaction, nested ones included.
    pub max_txn_ops: usize,
    /// Bytes of a write's keys and values.
    pub max_request_bytes: usize,
    /// Least time from the start of one group of commits to that of the next: each is a flush, and writes wait for theirs. Zero, the
    /// default, begins a group as soon as the one before is durable.
    pub min_group_interval: Duration,
    /// The lowest lease in seconds; shorter ones are raised to it.
    pub min_lease_ttl: i64,
    /// How often renewed lease deadlines are written down. A restart adds it to them as grace. With 0 there is no grace, and
    /// each is written down before it is answered.
    pub lease_checkpoint_interval: Duration,
    /// Dead versions removed in one step of a compaction.
    pub compaction_batch: usize,
    /// Pause between two steps of a compaction.
    pub compaction_pause: Duration,
    /// Time and randomness.
    pub environment: Arc<dyn Environment>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 32 << 20,
            ring_bytes: 16 << 20,
            quota_bytes: Some(DEFAULT_QUOTA_BYTES),
            max_txn_ops: DEFAULT_MAX_TXN_OPS,
            max_request_bytes: DEFAULT_MAX_REQUEST_BYTES,
            min_group_interval: Duration::ZERO,
            min_lease_ttl: DEFAULT_MIN_LEASE_TTL,
            lease_checkpoint_interval: Duration::from_secs(1),
            compaction_batch: 500,
            compaction_pause: Duration::from_millis(2),
            environment: Arc::new(SystemEnvironment::default()),
        }
    }
}
