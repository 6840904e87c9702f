use super::{Entry, Topic, counter, gauge, histogram};

pub(super) static TOPIC: Topic = Topic { title: "What etcd does not have", entries: &ENTRIES };

static ENTRIES: [Entry; 22] = [
    gauge("auroch_build_info", "1, with the version of the server.").by(&["version"]),
    gauge(
        "auroch_storage_info",
        "1, with the kind of storage and what an answered write survives: fsync, os_cache or none.",
    )
    .by(&["backend", "durability"]),
    gauge(
        "auroch_storage_failed",
        "1 while the storage does not take writes. Poisoned by a failed flush, it does not until a restart.",
    ),
    gauge(
        "auroch_durability_weakened",
        "1 where writes are answered before they are synced, because somebody asked for that.",
    ),
    gauge("auroch_alarm", "1 where the alarm is on.").by(&["alarm_type"]),
    histogram(
        "auroch_append_duration_seconds",
        "How long the storage took to append a group, in finer buckets than etcd's.",
    ),
    histogram("auroch_group_commits", "Commits that were appended together, and share a flush."),
    histogram("auroch_group_bytes", "Their bytes."),
    counter(
        "auroch_append_conflicts_total",
        "Appends that found another writer's commits in their place, or their own of a try that seemed to fail.",
    ),
    gauge("auroch_value_cache_bytes", "Bytes in the cache of values."),
    counter("auroch_value_cache_hits_total", "Values that were read from the cache."),
    counter("auroch_value_cache_misses_total", "Values that were read from the storage."),
    gauge("auroch_index_keys", "Keys in memory, those included of which only a tombstone is left."),
    gauge("auroch_load_seconds", "How long the start took to load the index."),
    gauge("auroch_watch_ring_bytes", "Bytes of recent events kept for watches."),
    gauge("auroch_watch_ring_revisions", "Recent revisions kept for watches."),
    gauge("auroch_watch_behind", "Watches that are catching up."),
    counter(
        "auroch_watch_fell_behind_total",
        "Times that a watch had so much to take that it lost its own list and catches up from the ring.",
    ),
    counter("auroch_watch_replays_total", "Reads of the storage for watches that the ring does not reach back to."),
    counter("auroch_watch_compacted_total", "Watches ended because a compaction took what they had not seen."),
    gauge("auroch_connections", "Open connections of clients."),
    gauge("auroch_calls_running", "Calls being served.").by(&["grpc_method", "grpc_service"]),
];
