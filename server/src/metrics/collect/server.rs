use storage_core::stats::{EvaluationStats, StoreStats};
use storage_core::{Store, StoreStatus};

use crate::convert;
use crate::metrics::Metrics;
use crate::metrics::page::{NANOS_AS_SECONDS, Page};

/// etcd warns of evaluations above 100 ms. This is the bucket's bound behind that.
const SLOW_NANOS: u64 = 102_400_000;

/// etcd's feature gates, and whether the server does what each gives: leases keep what was left of them, and that is all.
const FEATURES: [(&str, &str, bool); 11] = [
    ("AllAlpha", "ALPHA", false),
    ("AllBeta", "BETA", false),
    ("CompactHashCheck", "ALPHA", false),
    ("FastLeaseKeepAlive", "BETA", false),
    ("InitialCorruptCheck", "ALPHA", false),
    ("LeaseCheckpoint", "ALPHA", true),
    ("LeaseCheckpointPersist", "ALPHA", true),
    ("PriorityRequest", "ALPHA", false),
    ("SetMemberLocalAddr", "ALPHA", false),
    ("StopGRPCServiceOnDefrag", "ALPHA", false),
    ("TxnModeWriteWithSharedBuffer", "BETA", false),
];

pub(super) fn collect(page: &mut Page, metrics: &Metrics, store: &Store, status: &StoreStatus, stats: &StoreStats) {
    collect_identity(page, metrics, store);
    collect_raft(page, status, stats);
    collect_evaluations(page, &stats.evaluations);
    page.value("etcd_debugging_auth_revision", store.auth().revision());
    for alarm in &status.alarms {
        let (id, kind) = (id(alarm.member_id), convert::alarm_type(alarm.kind).as_str_name());
        page.value_of("etcd_debugging_server_alarms", &[("alarm_type", kind), ("server_id", &*id)], true);
    }
}

fn id(member_id: u64) -> String {
    format!("{member_id:x}")
}

fn collect_identity(page: &mut Page, metrics: &Metrics, store: &Store) {
    let (version, cluster) = (metrics.version.to_string(), metrics.version.cluster());
    // etcd leaves the patch version out here.
    let cluster = cluster.to_string();
    let cluster = cluster.rsplit_once('.').map_or(&*cluster, |(minor, _)| minor);
    page.value_of("etcd_server_version", &[("server_version", &*version)], true);
    page.value_of("etcd_cluster_version", &[("cluster_version", cluster)], true);
    page.value_of("etcd_server_go_version", &[("server_go_version", "none")], true);
    let id = id(store.identity().member_id);
    page.value_of("etcd_server_id", &[("server_id", &*id)], true);
    page.value_of("etcd_network_known_peers", &[("Local", &*id), ("Remote", &*id)], true);
    for (name, stage, enabled) in FEATURES {
        page.value_of("etcd_server_feature_enabled", &[("name", name), ("stage", stage)], enabled);
    }
}

/// What stands for Raft: the log of one server, which leads itself as long as it can write.
fn collect_raft(page: &mut Page, status: &StoreStatus, stats: &StoreStats) {
    let leads = status.failure.is_none();
    page.value("etcd_server_has_leader", leads);
    page.value("etcd_server_is_leader", leads);
    page.value("etcd_server_is_learner", false);
    page.value("etcd_server_leader_changes_seen_total", true);
    page.value("etcd_server_proposals_committed_total", status.position.0);
    page.value("etcd_server_proposals_applied_total", status.position.0);
    page.value("etcd_server_proposals_pending", stats.appends.waiting);
    page.value("etcd_server_proposals_failed_total", stats.appends.failed);
    // As in etcd a quota that is off is a negative one.
    page.value("etcd_server_quota_backend_bytes", status.quota_bytes.map_or(-1.0, |bytes| bytes as f64));
}

fn collect_evaluations(page: &mut Page, evaluations: &[EvaluationStats]) {
    const NAME: &str = "etcd_server_apply_duration_seconds";
    let mut slow = 0;
    for EvaluationStats { kind, success, durations } in evaluations {
        let labels = [("op", *kind), ("success", if *success { "true" } else { "false" }), ("version", "v3")];
        page.histogram_of(NAME, &labels, durations, NANOS_AS_SECONDS);
        let fast = durations.bounds.partition_point(|bound| *bound <= SLOW_NANOS);
        slow += durations.counts[fast..].iter().sum::<u64>();
    }
    page.value("etcd_server_slow_apply_total", slow);
}
