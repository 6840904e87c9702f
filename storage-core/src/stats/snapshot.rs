use std::time::Duration;

use super::HistogramSnapshot;
use crate::watch::WatchStats;

/// What a store has counted since it was opened, and what it holds now.
#[derive(Clone, Debug)]
pub struct StoreStats {
    /// Operations on keys.
    pub operations: OperationStats,
    /// Leases.
    pub leases: LeaseStats,
    /// How long requests took to be evaluated, by their kind and whether they succeeded; kinds that did not occur are left out.
    pub evaluations: Vec<EvaluationStats>,
    /// Groups of commits on their way to the backend.
    pub appends: AppendStats,
    /// The cache of values.
    pub values: ValueStats,
    /// The index.
    pub index: IndexStats,
    /// Removing what no readable revision sees.
    pub compaction: CompactionStats,
    /// Watchers and what is kept for them.
    pub watch: WatchStats,
    /// What the backend counts itself.
    pub backend: BackendStats,
}

/// Operations on keys that succeeded. Those of a transaction count one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperationStats {
    /// Ranges read. A compare reads one too, as in etcd.
    pub ranges: u64,
    /// Keys put.
    pub puts: u64,
    /// Bytes of their keys and values.
    pub put_bytes: u64,
    /// Ranges deleted. A lease that ends deletes one for each of its keys.
    pub deletes: u64,
    /// Transactions of more than one of the above.
    pub txns: u64,
}

/// Leases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseStats {
    /// How many there are.
    pub leases: u64,
    /// Grants.
    pub granted: u64,
    /// Renewals.
    pub renewed: u64,
    /// Ends, by request or because they ran out.
    pub revoked: u64,
    /// Of these, because they ran out.
    pub expired: u64,
    /// Times to live in seconds, as granted.
    pub ttls: HistogramSnapshot,
}

/// Evaluations of one kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationStats {
    /// The kind, by the name that etcd has for it.
    pub kind: &'static str,
    /// Whether the answer was no error.
    pub success: bool,
    /// How long they took.
    pub durations: HistogramSnapshot,
}

/// Groups of commits on their way to the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppendStats {
    /// Requests that wait for their answer: queued, evaluated, or being appended.
    pub waiting: u64,
    /// Requests that got an error because the storage did not take their write, or may not have taken it.
    pub failed: u64,
    /// Appends that found another writer's commits in their place.
    pub conflicts: u64,
    /// How long the backend took, by its own word or failure.
    pub durations: HistogramSnapshot,
    /// Commits in a group.
    pub group_commits: HistogramSnapshot,
    /// Bytes of keys and values in a group, with what a commit takes beside them.
    pub group_bytes: HistogramSnapshot,
}

/// The cache of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueStats {
    /// Bytes in it.
    pub bytes: u64,
    /// Values that were wanted and in it.
    pub hits: u64,
    /// Values that were wanted and not in it.
    pub misses: u64,
}

/// The index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStats {
    /// Keys, those included of which only a tombstone is left.
    pub keys: u64,
    /// Keys that exist at the current revision.
    pub live_keys: u64,
    /// How long the store took to load it.
    pub load_time: Duration,
}

/// Removing what no readable revision sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactionStats {
    /// Versions removed.
    pub removed: u64,
    /// When the last one was done, since the Unix epoch; zero before the first.
    pub last: Duration,
    /// How long compactions took, pauses included.
    pub totals: HistogramSnapshot,
    /// How long the index was locked for a step.
    pub index_pauses: HistogramSnapshot,
    /// How long the backend took for a step.
    pub steps: HistogramSnapshot,
}

/// What a backend counts itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendStats {
    /// How long flushes of appended groups took; empty where nothing is flushed.
    pub flushes: HistogramSnapshot,
    /// How long writing a group took, before its flush.
    pub writes: HistogramSnapshot,
    /// Bytes of commits written.
    pub written_bytes: u64,
}
