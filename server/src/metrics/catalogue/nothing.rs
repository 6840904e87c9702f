use super::{Entry, Topic, counter, gauge, histogram};

const PEERS: &str = "0, for a peer named 0: there are no peers.";
const V2: &str = "0: there is no v2 store.";
const PROXY: &str = "0: this is no proxy.";
const SNAPSHOTS: &str = "Empty: the log needs no snapshots.";
const SEND_LOOP: &str = "Empty: responses are made when the client takes them, so there is no loop to time.";

pub(super) static TOPIC: Topic = Topic { title: "What there is not", entries: &ENTRIES };

static ENTRIES: [Entry; 23] = [
    counter("etcd_network_peer_sent_failures_total", PEERS).by(&["To"]).constant(),
    counter("etcd_network_peer_sent_bytes_total", PEERS).by(&["To"]).constant(),
    counter("etcd_network_peer_received_bytes_total", PEERS).by(&["From"]).constant(),
    histogram("etcd_network_peer_round_trip_time_seconds", "Empty, for a peer named 0: there are no peers.")
        .by(&["To"])
        .constant(),
    histogram("etcd_snap_db_fsync_duration_seconds", SNAPSHOTS).constant(),
    histogram("etcd_snap_db_save_total_duration_seconds", SNAPSHOTS).constant(),
    histogram("etcd_snap_fsync_duration_seconds", SNAPSHOTS).constant(),
    histogram("etcd_debugging_snap_save_marshalling_duration_seconds", SNAPSHOTS).constant(),
    histogram("etcd_debugging_snap_save_total_duration_seconds", SNAPSHOTS).constant(),
    histogram("etcd_debugging_disk_backend_commit_rebalance_duration_seconds", "Empty: the storage is not bbolt.")
        .constant(),
    histogram("etcd_debugging_disk_backend_commit_spill_duration_seconds", "Empty: the storage is not bbolt.")
        .constant(),
    histogram("etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds", SEND_LOOP).constant(),
    histogram("etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds", SEND_LOOP).constant(),
    histogram("etcd_debugging_server_watch_send_loop_control_stream_duration_seconds", SEND_LOOP).constant(),
    histogram("etcd_debugging_server_watch_send_loop_progress_duration_seconds", SEND_LOOP).constant(),
    counter("etcd_debugging_store_expires_total", V2).constant(),
    counter("etcd_debugging_store_watch_requests_total", V2).constant(),
    gauge("etcd_debugging_store_watchers", V2).constant(),
    gauge("etcd_grpc_proxy_cache_hits_total", PROXY).constant(),
    gauge("etcd_grpc_proxy_cache_keys_total", PROXY).constant(),
    gauge("etcd_grpc_proxy_cache_misses_total", PROXY).constant(),
    counter("etcd_grpc_proxy_events_coalescing_total", PROXY).constant(),
    gauge("etcd_grpc_proxy_watchers_coalescing_total", PROXY).constant(),
];
