use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::counter::Counter;
use super::histogram::Histogram;
use super::kind::{KINDS, kind};
use super::snapshot::{AppendStats, CompactionStats, EvaluationStats, LeaseStats, OperationStats};
use crate::environment::Environment;
use crate::machine::Request;
use crate::request::{Op, TxnRequest};
use crate::response::{OpResponse, TxnResponse};

/// A quarter of the smallest bucket that etcd has, four times halved: writes on a good disk are told apart too.
const FINEST: Duration = Duration::from_nanos(62_500);
const MILLISECOND: Duration = Duration::from_millis(1);

/// All that the parts of the engine count together.
#[derive(Debug)]
pub(crate) struct Counters {
    environment: Arc<dyn Environment>,
    pub(crate) ranges: Counter,
    pub(crate) puts: Counter,
    pub(crate) put_bytes: Counter,
    pub(crate) deletes: Counter,
    pub(crate) txns: Counter,
    leases: AtomicU64,
    pub(crate) granted: Counter,
    pub(crate) renewed: Counter,
    pub(crate) revoked: Counter,
    pub(crate) expired: Counter,
    pub(crate) ttls: Histogram,
    /// For each kind of request those that failed and those that succeeded.
    evaluations: Box<[[Histogram; 2]]>,
    waiting: AtomicU64,
    pub(crate) failed: Counter,
    pub(crate) conflicts: Counter,
    pub(crate) appends: Histogram,
    pub(crate) group_commits: Histogram,
    pub(crate) group_bytes: Histogram,
    pub(crate) removed: Counter,
    last_compaction_ms: AtomicU64,
    pub(crate) compactions: Histogram,
    pub(crate) index_pauses: Histogram,
    pub(crate) compaction_steps: Histogram,
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a AtomicU64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Operations of a transaction.
#[derive(Debug, Default)]
struct Operations {
    ranges: u64,
    puts: u64,
    deletes: u64,
}

impl Counters {
    pub(crate) fn new(environment: Arc<dyn Environment>) -> Self {
        let evaluation = || Histogram::of_durations(Duration::from_micros(100), 20);
        Self {
            environment,
            ranges: Counter::default(),
            puts: Counter::default(),
            put_bytes: Counter::default(),
            deletes: Counter::default(),
            txns: Counter::default(),
            leases: AtomicU64::new(0),
            granted: Counter::default(),
            renewed: Counter::default(),
            revoked: Counter::default(),
            expired: Counter::default(),
            ttls: Histogram::doubling(1, 24),
            evaluations: KINDS.iter().map(|_| [evaluation(), evaluation()]).collect(),
            waiting: AtomicU64::new(0),
            failed: Counter::default(),
            conflicts: Counter::default(),
            appends: Histogram::of_durations(FINEST, 18),
            group_commits: Histogram::doubling(1, 14),
            group_bytes: Histogram::doubling(256, 16),
            removed: Counter::default(),
            last_compaction_ms: AtomicU64::new(0),
            compactions: Histogram::of_durations(100 * MILLISECOND, 14),
            index_pauses: Histogram::of_durations(MILLISECOND / 2, 14),
            compaction_steps: Histogram::of_durations(MILLISECOND, 13),
        }
    }

    /// The injected clock.
    pub(crate) fn now(&self) -> Duration {
        self.environment.monotonic()
    }

    pub(crate) fn since(&self, began: Duration) -> Duration {
        self.now().saturating_sub(began)
    }

    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.waiting)
    }

    pub(crate) fn set_leases(&self, leases: usize) {
        self.leases.store(leases as u64, Ordering::Relaxed);
    }

    pub(crate) fn evaluated(&self, request: &Request, success: bool, began: Duration) {
        if let Some(kind) = kind(request) {
            self.evaluations[kind][usize::from(success)].observe_duration(self.since(began));
        }
    }

    pub(crate) fn compacted(&self, began: Duration) {
        self.compactions.observe_duration(self.since(began));
        let now = u64::try_from(self.environment.unix_time().as_millis()).unwrap_or(u64::MAX);
        self.last_compaction_ms.store(now, Ordering::Relaxed);
    }

    /// Counts the operations that a transaction came to.
    pub(crate) fn txn(&self, request: &TxnRequest, response: &TxnResponse) {
        let mut operations = Operations::default();
        operations.add(request, response);
        let Operations { ranges, puts, deletes } = operations;
        self.ranges.add(ranges);
        self.puts.add(puts);
        self.deletes.add(deletes);
        if ranges + puts + deletes > 1 {
            self.txns.increment();
        }
    }

    pub(crate) fn operations(&self) -> OperationStats {
        OperationStats {
            ranges: self.ranges.get(),
            puts: self.puts.get(),
            put_bytes: self.put_bytes.get(),
            deletes: self.deletes.get(),
            txns: self.txns.get(),
        }
    }

    pub(crate) fn leases(&self) -> LeaseStats {
        LeaseStats {
            leases: self.leases.load(Ordering::Relaxed),
            granted: self.granted.get(),
            renewed: self.renewed.get(),
            revoked: self.revoked.get(),
            expired: self.expired.get(),
            ttls: self.ttls.snapshot(),
        }
    }

    pub(crate) fn evaluations(&self) -> Vec<EvaluationStats> {
        let all = KINDS.iter().zip(&self.evaluations).flat_map(|(kind, both)| {
            [false, true].map(|success| {
                let durations = both[usize::from(success)].snapshot();
                EvaluationStats { kind, success, durations }
            })
        });
        all.filter(|evaluations| evaluations.durations.count() > 0).collect()
    }

    pub(crate) fn append_stats(&self) -> AppendStats {
        AppendStats {
            waiting: self.waiting.load(Ordering::Relaxed),
            failed: self.failed.get(),
            conflicts: self.conflicts.get(),
            durations: self.appends.snapshot(),
            group_commits: self.group_commits.snapshot(),
            group_bytes: self.group_bytes.snapshot(),
        }
    }

    pub(crate) fn compaction(&self) -> CompactionStats {
        CompactionStats {
            removed: self.removed.get(),
            last: Duration::from_millis(self.last_compaction_ms.load(Ordering::Relaxed)),
            totals: self.compactions.snapshot(),
            index_pauses: self.index_pauses.snapshot(),
            steps: self.compaction_steps.snapshot(),
        }
    }
}

impl Operations {
    fn add(&mut self, request: &TxnRequest, response: &TxnResponse) {
        self.ranges += request.compares.len() as u64;
        let ops = if response.succeeded { &request.success } else { &request.failure };
        for (op, response) in ops.iter().zip(&response.responses) {
            match (op, response) {
                (_, OpResponse::Range(_)) => self.ranges += 1,
                (_, OpResponse::Put(_)) => self.puts += 1,
                (_, OpResponse::DeleteRange(_)) => self.deletes += 1,
                (Op::Txn(request), OpResponse::Txn(response)) => self.add(request, response),
                (_, OpResponse::Txn(_)) => {}
            }
        }
    }
}
