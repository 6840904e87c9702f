use super::{Entry, Topic, counter, gauge, histogram};

pub(super) static TOPIC: Topic = Topic { title: "The server and its log", entries: &ENTRIES };

static ENTRIES: [Entry; 24] = [
    gauge("etcd_server_version", "1, with the etcd version that clients are told.").by(&["server_version"]),
    gauge("etcd_cluster_version", "1, with the cluster version that clients are told.").by(&["cluster_version"]),
    gauge("etcd_server_go_version", "1, with 'none': the server is not written in Go.")
        .by(&["server_go_version"])
        .constant(),
    gauge("etcd_server_id", "1, with the member's id in hexadecimal.").by(&["server_id"]),
    gauge("etcd_server_feature_enabled", "Whether the server does what etcd's feature gate gives.")
        .by(&["name", "stage"])
        .constant(),
    gauge("etcd_server_has_leader", "1 while the storage takes writes: the server leads itself. 0 once it has failed."),
    gauge("etcd_server_is_leader", "The same."),
    gauge("etcd_server_is_learner", "0.").constant(),
    counter("etcd_server_leader_changes_seen_total", "1: the server has led since its start.").constant(),
    gauge("etcd_server_proposals_committed_total", "Commits in the log, from its beginning."),
    gauge("etcd_server_proposals_applied_total", "The same: a commit is applied when it is durable."),
    gauge("etcd_server_proposals_pending", "Requests that wait for the writer or the disk."),
    counter("etcd_server_proposals_failed_total", "Requests that failed because the storage did not take their write."),
    histogram(
        "etcd_server_apply_duration_seconds",
        "How long requests took to be evaluated. Writing them comes after that.",
    )
    .by(&["op", "success", "version"]),
    counter("etcd_server_slow_apply_total", "Evaluations that took longer than 0.1 s (0.1024 s: a bucket's bound)."),
    gauge(
        "etcd_server_quota_backend_bytes",
        "The size of the storage at which writes are refused; -1 without a quota.",
    ),
    counter("etcd_server_slow_read_indexes_total", "0: reads ask nobody.").constant(),
    counter("etcd_server_read_indexes_failed_total", "0: reads ask nobody.").constant(),
    counter("etcd_server_heartbeat_send_failures_total", "0: there is nobody to send to.").constant(),
    gauge("etcd_server_snapshot_apply_in_progress_total", "0: nobody sends snapshots.").constant(),
    counter("etcd_server_learner_promote_successes", "0: there are no learners.").constant(),
    gauge("etcd_network_known_peers", "1: this server itself.").by(&["Local", "Remote"]).constant(),
    gauge("etcd_debugging_auth_revision", "The revision of users and roles."),
    gauge("etcd_debugging_server_alarms", "1 for each alarm that is on.").by(&["alarm_type", "server_id"]),
];
