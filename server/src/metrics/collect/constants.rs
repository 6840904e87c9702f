//! What a member alone shows of things that are not here.

use std::time::Duration;

use storage_core::stats::Histogram;

use crate::metrics::page::{NANOS_AS_SECONDS, Page};

/// Counters and gauges that stay at 0.
const ZEROS: [&str; 13] = [
    "etcd_server_slow_read_indexes_total",
    "etcd_server_read_indexes_failed_total",
    "etcd_server_heartbeat_send_failures_total",
    "etcd_server_snapshot_apply_in_progress_total",
    "etcd_server_learner_promote_successes",
    "etcd_debugging_store_expires_total",
    "etcd_debugging_store_watch_requests_total",
    "etcd_debugging_store_watchers",
    "etcd_grpc_proxy_cache_hits_total",
    "etcd_grpc_proxy_cache_keys_total",
    "etcd_grpc_proxy_cache_misses_total",
    "etcd_grpc_proxy_events_coalescing_total",
    "etcd_grpc_proxy_watchers_coalescing_total",
];

/// Histograms that stay empty, in etcd's usual buckets for durations.
const EMPTY: [&str; 10] = [
    "etcd_snap_db_fsync_duration_seconds",
    "etcd_snap_fsync_duration_seconds",
    "etcd_debugging_snap_save_marshalling_duration_seconds",
    "etcd_debugging_snap_save_total_duration_seconds",
    "etcd_debugging_disk_backend_commit_rebalance_duration_seconds",
    "etcd_debugging_disk_backend_commit_spill_duration_seconds",
    "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
    "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
    "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
    "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
];

/// etcd counts traffic by peer, so there has to be one for a query to find anything.
const NOBODY: &str = "0";

pub(super) fn collect(page: &mut Page) {
    for name in ZEROS {
        page.value(name, 0.0);
    }
    let empty = |first, buckets| Histogram::of_durations(first, buckets).snapshot();
    let usual = empty(Duration::from_millis(1), 14);
    for name in EMPTY {
        page.histogram(name, &usual, NANOS_AS_SECONDS);
    }
    let saves = empty(Duration::from_millis(100), 10);
    page.histogram("etcd_snap_db_save_total_duration_seconds", &saves, NANOS_AS_SECONDS);
    page.value_of("etcd_network_peer_sent_failures_total", &[("To", NOBODY)], 0.0);
    page.value_of("etcd_network_peer_sent_bytes_total", &[("To", NOBODY)], 0.0);
    page.value_of("etcd_network_peer_received_bytes_total", &[("From", NOBODY)], 0.0);
    let round_trips = empty(Duration::from_micros(100), 16);
    page.histogram_of("etcd_network_peer_round_trip_time_seconds", &[("To", NOBODY)], &round_trips, NANOS_AS_SECONDS);
}
