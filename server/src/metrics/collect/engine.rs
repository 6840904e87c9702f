use storage_core::StoreStatus;
use storage_core::stats::{CompactionStats, LeaseStats, StoreStats};
use storage_core::watch::WatchStats;

use crate::metrics::page::{AS_IT_IS, NANOS_AS_MILLIS, Page};

pub(super) fn collect(page: &mut Page, status: &StoreStatus, stats: &StoreStats) {
    page.value("etcd_debugging_mvcc_keys_total", stats.index.live_keys);
    page.value("etcd_debugging_mvcc_current_revision", status.revision.0);
    page.value("etcd_debugging_mvcc_compact_revision", status.compact_revision.0);
    page.value("etcd_debugging_mvcc_total_put_size_in_bytes", stats.operations.put_bytes);
    collect_watch(page, &stats.watch);
    collect_leases(page, &stats.leases);
    collect_compaction(page, &stats.compaction);
}

fn collect_watch(page: &mut Page, watch: &WatchStats) {
    page.value("etcd_debugging_mvcc_watch_stream_total", watch.streams);
    page.value("etcd_debugging_mvcc_watcher_total", watch.watchers);
    page.value("etcd_debugging_mvcc_slow_watcher_total", watch.behind_watchers);
    page.value("etcd_debugging_mvcc_pending_events_total", watch.pending);
    page.value("etcd_debugging_mvcc_events_total", watch.events);
}

fn collect_leases(page: &mut Page, leases: &LeaseStats) {
    page.value("auroch_leases", leases.leases);
    page.value("etcd_debugging_lease_granted_total", leases.granted);
    page.value("etcd_debugging_lease_renewed_total", leases.renewed);
    page.value("etcd_debugging_lease_revoked_total", leases.revoked);
    page.value("etcd_debugging_server_lease_expired_total", leases.expired);
    page.histogram("etcd_debugging_lease_ttl_total", &leases.ttls, AS_IT_IS);
}

fn collect_compaction(page: &mut Page, compaction: &CompactionStats) {
    page.value("etcd_debugging_mvcc_db_compaction_keys_total", compaction.removed);
    page.value("etcd_debugging_mvcc_db_compaction_last", compaction.last.as_secs());
    for (name, durations) in [
        ("etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds", &compaction.steps),
        ("etcd_debugging_mvcc_db_compaction_total_duration_milliseconds", &compaction.totals),
        ("etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds", &compaction.index_pauses),
    ] {
        page.histogram(name, durations, NANOS_AS_MILLIS);
    }
}
