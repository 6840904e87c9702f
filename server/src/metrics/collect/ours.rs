use std::sync::atomic::Ordering;

use proto::etcdserverpb::AlarmType;
use storage_core::stats::StoreStats;
use storage_core::{Durability, StoreStatus};

use crate::convert;
use crate::metrics::Metrics;
use crate::metrics::page::{AS_IT_IS, NANOS_AS_SECONDS, Page};

pub(super) fn collect(page: &mut Page, metrics: &Metrics, status: &StoreStatus, stats: &StoreStats) {
    page.value_of("auroch_build_info", &[("version", env!("CARGO_PKG_VERSION"))], true);
    page.value("auroch_connections", metrics.connections.load(Ordering::Relaxed));
    collect_storage(page, status);
    collect_appends(page, stats);
    page.value("auroch_value_cache_bytes", stats.values.bytes);
    page.value("auroch_value_cache_hits_total", stats.values.hits);
    page.value("auroch_value_cache_misses_total", stats.values.misses);
    page.value("auroch_index_keys", stats.index.keys);
    page.value("auroch_load_seconds", stats.index.load_time.as_secs_f64());
    page.value("auroch_watch_ring_bytes", stats.watch.ring_bytes);
    page.value("auroch_watch_ring_revisions", stats.watch.ring_revisions);
    page.value("auroch_watch_behind", stats.watch.behind_watchers);
    page.value("auroch_watch_fell_behind_total", stats.watch.fell_behind);
    page.value("auroch_watch_replays_total", stats.watch.replays);
    page.value("auroch_watch_compacted_total", stats.watch.compacted);
}

fn collect_storage(page: &mut Page, status: &StoreStatus) {
    let (durability, weakened) = match status.backend.durability {
        Durability::Fsync => ("fsync", false),
        Durability::OsCache => ("os_cache", true),
        // A store in memory is what was asked for, and no promise is broken.
        Durability::None => ("none", false),
    };
    page.value_of("auroch_storage_info", &[("backend", status.backend.name), ("durability", durability)], true);
    page.value("auroch_durability_weakened", weakened);
    page.value("auroch_storage_failed", status.failure.is_some());
    for kind in [AlarmType::Corrupt, AlarmType::Nospace] {
        let is_on = status.alarms.iter().any(|alarm| convert::alarm_type(alarm.kind) == kind);
        page.value_of("auroch_alarm", &[("alarm_type", kind.as_str_name())], is_on);
    }
}

fn collect_appends(page: &mut Page, stats: &StoreStats) {
    page.histogram("auroch_append_duration_seconds", &stats.appends.durations, NANOS_AS_SECONDS);
    page.histogram("auroch_group_commits", &stats.appends.group_commits, AS_IT_IS);
    page.histogram("auroch_group_bytes", &stats.appends.group_bytes, AS_IT_IS);
    page.value("auroch_append_conflicts_total", stats.appends.conflicts);
}
