use std::time::Duration;

use storage_core::stats::{Histogram, HistogramSnapshot, StoreStats};
use storage_core::{Durability, StoreStatus};

use crate::metrics::page::{NANOS_AS_SECONDS, Page};

/// The lowest bucket of etcd's durations of disks, and how many there are.
const FIRST_NANOS: u64 = 1_000_000;
const FIRST: Duration = Duration::from_nanos(FIRST_NANOS);
const BUCKETS: u32 = 14;

pub(super) fn collect(page: &mut Page, status: &StoreStatus, stats: &StoreStats) {
    page.value("etcd_mvcc_range_total", stats.operations.ranges);
    page.value("etcd_mvcc_put_total", stats.operations.puts);
    page.value("etcd_mvcc_delete_total", stats.operations.deletes);
    page.value("etcd_mvcc_txn_total", stats.operations.txns);
    page.value("etcd_mvcc_db_total_size_in_bytes", status.size.allocated);
    page.value("etcd_mvcc_db_total_size_in_use_in_bytes", status.size.in_use);
    page.value("etcd_mvcc_db_open_read_transactions", 0.0);
    page.value("etcd_disk_wal_write_bytes_total", stats.backend.written_bytes);
    let none = Histogram::of_durations(FIRST, BUCKETS).snapshot();
    let commits = stats.appends.durations.from_bound(FIRST_NANOS);
    let writes = told(&stats.backend.writes).unwrap_or(&none);
    let is_durable = status.backend.durability == Durability::Fsync;
    let fsyncs = told(&stats.backend.flushes).unwrap_or(if is_durable { &commits } else { &none });
    for (name, durations) in [
        ("etcd_disk_wal_fsync_duration_seconds", fsyncs),
        ("etcd_disk_wal_write_duration_seconds", writes),
        ("etcd_disk_backend_commit_duration_seconds", &commits),
        ("etcd_debugging_disk_backend_commit_write_duration_seconds", &commits),
    ] {
        page.histogram(name, durations, NANOS_AS_SECONDS);
    }
}

/// What a backend counts itself, if it does.
fn told(durations: &HistogramSnapshot) -> Option<&HistogramSnapshot> {
    (!durations.bounds.is_empty()).then_some(durations)
}
