use std::sync::atomic::Ordering;

use storage_core::stats::{Counter, HistogramSnapshot};
use tonic::Code;

use crate::metrics::Metrics;
use crate::metrics::call::{CODES, Durations, MethodCounters};
use crate::metrics::methods::{Kind, METHODS, Method, place};
use crate::metrics::page::{NANOS_AS_SECONDS, Page};

/// gRPC's codes as Go spells them.
const CODE_NAMES: [&str; CODES] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

pub(super) fn collect(page: &mut Page, metrics: &Metrics) {
    for (method, counters) in METHODS.iter().zip(&metrics.methods) {
        if method.is_shown_at_once() || counters.started.get() > 0 {
            collect_method(page, method, counters);
        }
    }
    collect_durations(page, metrics);
    collect_clients(page, metrics);
    collect_probes(page, metrics);
}

fn collect_method(page: &mut Page, method: &Method, counters: &MethodCounters) {
    let kind = method.kind.to_string();
    let labels = [("grpc_method", method.name), ("grpc_service", method.service), ("grpc_type", &*kind)];
    page.value_of("grpc_server_started_total", &labels, counters.started.get());
    page.value_of("grpc_server_msg_received_total", &labels, counters.received.get());
    page.value_of("grpc_server_msg_sent_total", &labels, counters.sent.get());
    for (code, handled) in CODE_NAMES.iter().zip(&counters.handled) {
        let labels = [("grpc_code", *code), labels[0], labels[1], labels[2]];
        page.value_of("grpc_server_handled_total", &labels, handled.get());
    }
    if let Some(handling) = &counters.handling {
        page.histogram_of("grpc_server_handling_seconds", &labels, &handling.snapshot(), NANOS_AS_SECONDS);
    }
    page.value_of("auroch_calls_running", &labels[..2], counters.running.load(Ordering::Relaxed));
    if method.kind == Kind::BidiStream {
        let api = if method.name == "Watch" { "watch" } else { "lease-keepalive" };
        let failures = failures(&counters.handled);
        page.value_of("etcd_network_server_stream_failures_total", &[("API", api), ("Type", "receive")], failures);
    }
}

/// Ends that are neither the client's will nor the server's.
fn failures(handled: &[Counter; CODES]) -> u64 {
    let at_will = [Code::Ok, Code::Cancelled, Code::Unavailable].map(|code| code as usize);
    handled.iter().enumerate().filter(|(code, _)| !at_will.contains(code)).map(|(_, count)| count.get()).sum()
}

/// As in etcd, those with a label of what came of the call are shown once there is such a call.
fn collect_durations(page: &mut Page, metrics: &Metrics) {
    for (method, counters) in METHODS.iter().zip(&metrics.methods) {
        if let (Some(request), Some(durations)) = (method.request, &counters.durations) {
            for (success, durations) in seen(durations) {
                let labels = [("success", success), ("type", request)];
                page.histogram_of("etcd_server_request_duration_seconds", &labels, &durations, NANOS_AS_SECONDS);
            }
        }
        for (success, durations) in counters.ranges.iter().flat_map(seen) {
            let labels = [("success", success)];
            page.histogram_of("etcd_server_range_duration_seconds", &labels, &durations, NANOS_AS_SECONDS);
        }
    }
    let of_maintenance = [
        ("Hash", "etcd_mvcc_hash_duration_seconds"),
        ("HashKV", "etcd_mvcc_hash_rev_duration_seconds"),
        ("Defragment", "etcd_disk_backend_defrag_duration_seconds"),
        ("Snapshot", "etcd_disk_backend_snapshot_duration_seconds"),
    ];
    for (method, name) in of_maintenance {
        let counters = maintenance(metrics, method);
        let [_, succeeded] = counters.durations.as_ref().expect("these calls are timed");
        page.histogram(name, &succeeded.snapshot(), NANOS_AS_SECONDS);
    }
    let defragmentations = maintenance(metrics, "Defragment").running.load(Ordering::Relaxed);
    page.value("etcd_disk_defrag_inflight", defragmentations);
}

fn maintenance<'a>(metrics: &'a Metrics, method: &str) -> &'a MethodCounters {
    &metrics.methods[place("etcdserverpb.Maintenance", method)]
}

fn seen([failed, succeeded]: &Durations) -> impl Iterator<Item = (&'static str, HistogramSnapshot)> + use<> {
    let all = [("false", failed.snapshot()), ("true", succeeded.snapshot())];
    all.into_iter().filter(|(_, durations)| durations.count() > 0)
}

fn collect_clients(page: &mut Page, metrics: &Metrics) {
    page.value("etcd_network_client_grpc_received_bytes_total", metrics.received_bytes.get());
    page.value("etcd_network_client_grpc_sent_bytes_total", metrics.sent_bytes.get());
    for (version, requests) in metrics.clients.all() {
        for (kind, count) in [("stream", requests.stream.get()), ("unary", requests.unary.get())] {
            if count > 0 {
                let labels = [("client_api_version", &*version), ("type", kind)];
                page.value_of("etcd_server_client_requests_total", &labels, count);
            }
        }
    }
}

fn collect_probes(page: &mut Page, metrics: &Metrics) {
    page.value("etcd_server_health_success", metrics.health.successes.get());
    page.value("etcd_server_health_failures", metrics.health.failures.get());
    for (probe, name, check) in metrics.health.checks() {
        let Some(last) = check.last() else { continue };
        page.value_of("etcd_server_healthcheck", &[("name", name), ("type", probe)], last);
        for (status, count) in [("error", check.errors.get()), ("success", check.successes.get())] {
            if count > 0 {
                let labels = [("name", name), ("status", status), ("type", probe)];
                page.value_of("etcd_server_healthchecks_total", &labels, count);
            }
        }
    }
    let scrapes = &metrics.scrapes;
    page.value("promhttp_metric_handler_requests_in_flight", scrapes.in_flight.load(Ordering::Relaxed));
    for (code, count) in [("200", scrapes.answered.get()), ("500", scrapes.failed.get()), ("503", 0)] {
        page.value_of("promhttp_metric_handler_requests_total", &[("code", code)], count);
    }
}
