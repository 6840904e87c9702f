//! `/metrics`: what is counted, and when.

use std::sync::Arc;

use etcd_client::{Compare, CompareOp, Txn, TxnOp, WatchOptions};
use proto::etcdserverpb::RangeRequest;
use proto::etcdserverpb::kv_client::KvClient;
use server::{EmulatedVersion, MetricsDetail, ServerOptions};
use storage_core::StoreOptions;
use tokio::task::JoinSet;

use crate::common::web::{get, post};
use crate::common::{TestServer, soon};

const METRICS: &str = "/metrics";

async fn page(server: &TestServer) -> String {
    let answer = get(server, METRICS).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.body
}

/// The value of a series, given as the page writes it; 0 where it is not there.
fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

fn handled(page: &str, code: &str, method: &str, service: &str, kind: &str) -> f64 {
    let labels =
        format!("grpc_code=\"{code}\",grpc_method=\"{method}\",grpc_service=\"{service}\",grpc_type=\"{kind}\"");
    value(page, &format!("grpc_server_handled_total{{{labels}}}"))
}

fn of_put(page: &str, name: &str) -> f64 {
    value(page, &format!("{name}{{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"}}"))
}

#[tokio::test]
async fn operations_and_their_calls_are_counted() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.put("k", "value", None).await.unwrap();
    client.put("l", "value", None).await.unwrap();
    client.delete("l", None).await.unwrap();
    client.get("k", None).await.unwrap();
    let exists = Compare::version("k", CompareOp::Greater, 0);
    client.txn(Txn::new().when([exists]).and_then([TxnOp::put("m", "v", None)])).await.unwrap();
    let page = page(&server).await;
    for (name, expected) in [
        ("etcd_mvcc_put_total", 3.0),
        ("etcd_mvcc_delete_total", 1.0),
        ("etcd_mvcc_range_total", 2.0),
        ("etcd_mvcc_txn_total", 1.0),
        ("etcd_debugging_mvcc_keys_total", 2.0),
        ("etcd_debugging_mvcc_current_revision", 5.0),
        ("etcd_debugging_mvcc_total_put_size_in_bytes", 14.0),
        ("etcd_server_request_duration_seconds_count{success=\"true\",type=\"Put\"}", 2.0),
        ("etcd_server_range_duration_seconds_count{success=\"true\"}", 1.0),
        ("etcd_server_apply_duration_seconds_count{op=\"Txn\",success=\"true\",version=\"v3\"}", 1.0),
        ("etcd_server_has_leader", 1.0),
        ("auroch_connections", 2.0),
    ] {
        assert_eq!(value(&page, name), expected, "{name}");
    }
    for name in ["grpc_server_started_total", "grpc_server_msg_received_total", "grpc_server_msg_sent_total"] {
        assert_eq!(of_put(&page, name), 2.0, "{name}");
    }
    assert_eq!(handled(&page, "OK", "Put", "etcdserverpb.KV", "unary"), 2.0);
    assert!(value(&page, "etcd_network_client_grpc_received_bytes_total") > 20.0);
    assert!(value(&page, "etcd_network_client_grpc_sent_bytes_total") > 20.0);
}

#[tokio::test]
async fn a_call_that_fails_is_counted_by_its_code() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.put("", "v", None).await.unwrap_err();
    client.lease_revoke(7).await.unwrap_err();
    client.compact(9, None).await.unwrap_err();
    let page = page(&server).await;
    assert_eq!(handled(&page, "InvalidArgument", "Put", "etcdserverpb.KV", "unary"), 1.0);
    assert_eq!(handled(&page, "NotFound", "LeaseRevoke", "etcdserverpb.Lease", "unary"), 1.0);
    assert_eq!(handled(&page, "OutOfRange", "Compact", "etcdserverpb.KV", "unary"), 1.0);
    assert_eq!(value(&page, "etcd_server_request_duration_seconds_count{success=\"false\",type=\"Put\"}"), 1.0);
}

#[tokio::test]
async fn a_watch_is_open_until_its_client_goes_and_is_then_canceled() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut watch = client.watch("k", Some(WatchOptions::new())).await.unwrap();
    soon(watch.message()).await.unwrap();
    client.put("k", "v", None).await.unwrap();
    soon(watch.message()).await.unwrap();
    let watching = page(&server).await;
    assert_eq!(value(&watching, "etcd_debugging_mvcc_watcher_total"), 1.0);
    assert_eq!(value(&watching, "etcd_debugging_mvcc_watch_stream_total"), 1.0);
    assert_eq!(value(&watching, "etcd_debugging_mvcc_events_total"), 1.0);
    let labels = "{grpc_method=\"Watch\",grpc_service=\"etcdserverpb.Watch\",grpc_type=\"bidi_stream\"}";
    assert_eq!(value(&watching, &format!("grpc_server_started_total{labels}")), 1.0);
    assert_eq!(value(&watching, &format!("grpc_server_msg_received_total{labels}")), 1.0);
    assert_eq!(value(&watching, &format!("grpc_server_msg_sent_total{labels}")), 2.0);

    drop((watch, client));
    soon(async {
        while handled(&page(&server).await, "Canceled", "Watch", "etcdserverpb.Watch", "bidi_stream") < 1.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(value(&page(&server).await, "etcd_debugging_mvcc_watcher_total"), 0.0);
}

#[tokio::test]
async fn clients_are_counted_by_the_version_they_say() {
    let server = TestServer::start().await;
    let mut client = KvClient::new(server.channel().await);
    for version in ["3.7", "3.7", "3.6"] {
        let mut request = tonic::Request::new(RangeRequest { key: "k".into(), ..RangeRequest::default() });
        request.metadata_mut().insert("client-api-version", version.parse().unwrap());
        client.range(request).await.unwrap();
    }
    client.range(RangeRequest { key: "k".into(), ..RangeRequest::default() }).await.unwrap();
    let page = page(&server).await;
    for (version, expected) in [("3.7", 2.0), ("3.6", 1.0), ("unknown", 1.0)] {
        let series = format!("etcd_server_client_requests_total{{client_api_version=\"{version}\",type=\"unary\"}}");
        assert_eq!(value(&page, &series), expected, "{version}");
    }
}

#[tokio::test]
async fn a_call_in_json_is_a_call() {
    let server = TestServer::start().await;
    assert_eq!(post(&server, "/v3/kv/put", r#"{"key":"aw==","value":"dg=="}"#).await.status, 200);
    let page = page(&server).await;
    assert_eq!(handled(&page, "OK", "Put", "etcdserverpb.KV", "unary"), 1.0);
    assert_eq!(of_put(&page, "grpc_server_msg_received_total"), 1.0);
}

#[tokio::test]
async fn probes_and_scrapes_are_counted() {
    let server = TestServer::start().await;
    get(&server, "/health").await;
    get(&server, "/readyz").await;
    get(&server, METRICS).await;
    let page = page(&server).await;
    for (series, expected) in [
        ("etcd_server_health_success", 1.0),
        ("etcd_server_health_failures", 0.0),
        ("etcd_server_healthcheck{name=\"data_corruption\",type=\"readyz\"}", 1.0),
        ("etcd_server_healthchecks_total{name=\"linearizable_read\",status=\"success\",type=\"readyz\"}", 1.0),
        ("promhttp_metric_handler_requests_total{code=\"200\"}", 1.0),
        ("promhttp_metric_handler_requests_in_flight", 1.0),
    ] {
        assert_eq!(value(&page, series), expected, "{series}");
    }
}

#[tokio::test]
async fn alarms_and_versions_are_shown() {
    let version = EmulatedVersion::default();
    let server = TestServer::with(ServerOptions { version, ..ServerOptions::default() }, StoreOptions::default()).await;
    let member = server.store.identity().member_id;
    server.store.raise_alarm(member, storage_core::AlarmKind::NoSpace).await.unwrap();
    let page = page(&server).await;
    for series in [
        format!("etcd_server_version{{server_version=\"{version}\"}}"),
        "etcd_cluster_version{cluster_version=\"3.7\"}".to_owned(),
        format!("etcd_server_id{{server_id=\"{member:x}\"}}"),
        format!("etcd_debugging_server_alarms{{alarm_type=\"NOSPACE\",server_id=\"{member:x}\"}}"),
        "auroch_alarm{alarm_type=\"NOSPACE\"}".to_owned(),
        "auroch_storage_info{backend=\"memory\",durability=\"none\"}".to_owned(),
    ] {
        assert_eq!(value(&page, &series), 1.0, "{series}");
    }
    assert!(page.contains("auroch_alarm{alarm_type=\"CORRUPT\"} 0"));
}

#[tokio::test]
async fn calls_are_timed_by_method_on_request() {
    let options = ServerOptions { metrics: MetricsDetail::Extensive, ..ServerOptions::default() };
    let server = TestServer::with(options, StoreOptions::default()).await;
    server.client().await.put("k", "v", None).await.unwrap();
    assert_eq!(of_put(&page(&server).await, "grpc_server_handling_seconds_count"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scrapes_and_writes_go_on_beside_each_other() {
    const WRITERS: usize = 8;
    const WRITES: usize = 100;
    let server = Arc::new(TestServer::start().await);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut client = server.client().await;
        writers.spawn(async move {
            for n in 0..WRITES {
                client.put(format!("{writer}"), format!("{n}"), None).await.unwrap();
            }
        });
    }
    let mut last = 0.0;
    while let Some(done) = {
        let page = page(&server).await;
        let puts = value(&page, "etcd_mvcc_put_total");
        assert!(puts >= last && of_put(&page, "grpc_server_started_total") >= puts, "{last}, then {puts}");
        last = puts;
        soon(writers.join_next()).await
    } {
        done.unwrap();
    }
    assert_eq!(value(&page(&server).await, "etcd_mvcc_put_total"), (WRITERS * WRITES) as f64);
}
