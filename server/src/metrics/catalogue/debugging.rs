use super::{Entry, Topic, counter, gauge, histogram};

pub(super) static TOPIC: Topic = Topic { title: "Watches, leases and compaction", entries: &ENTRIES };

static ENTRIES: [Entry; 20] = [
    gauge("etcd_debugging_mvcc_keys_total", "Keys that exist."),
    gauge("etcd_debugging_mvcc_current_revision", "The current revision."),
    gauge(
        "etcd_debugging_mvcc_compact_revision",
        "The lowest revision that can be read; -1 before the first compaction.",
    ),
    gauge("etcd_debugging_mvcc_total_put_size_in_bytes", "Bytes of keys and values put since the start."),
    gauge("etcd_debugging_mvcc_watch_stream_total", "Open streams of watches."),
    gauge("etcd_debugging_mvcc_watcher_total", "Watches."),
    gauge("etcd_debugging_mvcc_slow_watcher_total", "Watches that are catching up."),
    gauge(
        "etcd_debugging_mvcc_pending_events_total",
        "Revisions that watches were not handed yet, summed over watches.",
    ),
    counter("etcd_debugging_mvcc_events_total", "Events handed out, counted for each watch."),
    counter("etcd_debugging_mvcc_db_compaction_keys_total", "Versions removed by compactions."),
    gauge(
        "etcd_debugging_mvcc_db_compaction_last",
        "When the last compaction was done, as Unix time; 0 before the first.",
    ),
    histogram(
        "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
        "How long the storage took for a step of a compaction.",
    ),
    histogram(
        "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
        "How long compactions took, pauses included.",
    ),
    histogram(
        "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
        "How long the index was locked for a step of a compaction.",
    ),
    counter("etcd_debugging_lease_granted_total", "Leases granted."),
    counter("etcd_debugging_lease_renewed_total", "Leases renewed."),
    counter("etcd_debugging_lease_revoked_total", "Leases that ended, by request or because they ran out."),
    histogram("etcd_debugging_lease_ttl_total", "Times to live in seconds, as granted."),
    counter("etcd_debugging_server_lease_expired_total", "Leases that ran out."),
    gauge("auroch_leases", "Leases that there are."),
];
