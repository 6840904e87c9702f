//! What a store says of itself.

use std::time::Duration;

use super::Store;
use crate::backend::{BackendInfo, Size};
use crate::response::Alarm;
use crate::stats::{IndexStats, StoreStats};
use crate::types::{Position, Revision};
use crate::watch::WatchStats;

/// What a store knows of itself.
#[derive(Clone, Debug)]
pub struct StoreStatus {
    /// What keeps it.
    pub backend: BackendInfo,
    /// How large it is on the disk.
    pub size: Size,
    /// The size at which writes are refused.
    pub quota_bytes: Option<u64>,
    /// The current revision.
    pub revision: Revision,
    /// The lowest revision that can be read; -1 if it was never compacted.
    pub compact_revision: Revision,
    /// The last commit's position.
    pub position: Position,
    /// The alarms that are on.
    pub alarms: Vec<Alarm>,
    /// Why writes fail, while they do.
    pub failure: Option<String>,
    /// Keys in the index, those included of which only a tombstone is left.
    pub keys: usize,
    /// Bytes of values in memory.
    pub cached_bytes: u64,
    /// Watchers and what is kept for them.
    pub watch: WatchStats,
}

impl Store {
    /// Time since the Unix epoch, by the clock that all who share the log agree on.
    #[must_use]
    pub fn unix_time(&self) -> Duration {
        self.inner.options.environment.unix_time()
    }

    /// What the store knows of itself.
    #[must_use]
    pub fn status(&self) -> StoreStatus {
        let inner = &self.inner;
        let (revision, compact_revision, keys) = {
            let index = inner.index.read();
            (index.published(), index.compacted(), index.len())
        };
        StoreStatus {
            backend: inner.backend.info(),
            size: inner.backend.size(),
            quota_bytes: inner.options.quota_bytes,
            revision,
            compact_revision,
            position: inner.shared.position(),
            alarms: inner.shared.alarms(),
            failure: inner.shared.failure(),
            keys,
            cached_bytes: inner.values.cached_bytes(),
            watch: inner.hub.stats(),
        }
    }

    /// What the store has counted since it was opened, and what it holds now.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let inner = &self.inner;
        let index = {
            let index = inner.index.read();
            IndexStats { keys: index.len() as u64, live_keys: index.live() as u64, load_time: inner.load_time }
        };
        StoreStats {
            operations: inner.counters.operations(),
            leases: inner.counters.leases(),
            evaluations: inner.counters.evaluations(),
            appends: inner.counters.append_stats(),
            values: inner.values.stats(),
            index,
            compaction: inner.counters.compaction(),
            watch: inner.hub.stats(),
            backend: inner.backend.stats(),
        }
    }
}
