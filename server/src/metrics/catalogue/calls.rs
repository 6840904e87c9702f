use super::{Entry, Topic, counter, gauge, histogram};

const METHOD: &[&str] = &["grpc_method", "grpc_service", "grpc_type"];

pub(super) static TOPIC: Topic = Topic { title: "Calls", entries: &ENTRIES };

static ENTRIES: [Entry; 19] = [
    counter("grpc_server_started_total", "Calls begun. Those of the JSON gateway count too, as in etcd.").by(METHOD),
    counter("grpc_server_handled_total", "Calls ended, by their code; one that its client gave up is Canceled.").by(&[
        "grpc_code",
        "grpc_method",
        "grpc_service",
        "grpc_type",
    ]),
    counter("grpc_server_msg_received_total", "Messages from clients.").by(METHOD),
    counter("grpc_server_msg_sent_total", "Messages to clients.").by(METHOD),
    histogram("grpc_server_handling_seconds", "How long calls took. Only with --metrics extensive.").by(METHOD),
    counter("etcd_network_client_grpc_received_bytes_total", "Bytes of messages from clients, without HTTP and TLS."),
    counter("etcd_network_client_grpc_sent_bytes_total", "Bytes of messages to clients, without HTTP and TLS."),
    counter("etcd_network_server_stream_failures_total", "Streams of watches and renewals that ended with an error.")
        .by(&["API", "Type"]),
    counter(
        "etcd_server_client_requests_total",
        "Calls by the version that the client says it is; those too many are 'other'.",
    )
    .by(&["client_api_version", "type"]),
    histogram("etcd_server_request_duration_seconds", "How long calls took, by etcd's name of the request.")
        .by(&["success", "type"]),
    histogram("etcd_server_range_duration_seconds", "How long Range calls took.").by(&["success"]),
    histogram("etcd_mvcc_hash_duration_seconds", "How long Hash calls took."),
    histogram("etcd_mvcc_hash_rev_duration_seconds", "How long HashKV calls took."),
    counter("etcd_server_health_success", "Times that /health said true."),
    counter("etcd_server_health_failures", "Times that /health said false."),
    gauge("etcd_server_healthcheck", "Whether a check of /livez or /readyz went well the last time.")
        .by(&["name", "type"]),
    counter("etcd_server_healthchecks_total", "Checks of /livez and /readyz.").by(&["name", "status", "type"]),
    gauge("promhttp_metric_handler_requests_in_flight", "Scrapes being answered, this one included."),
    counter("promhttp_metric_handler_requests_total", "Scrapes answered, by HTTP status.").by(&["code"]),
];
