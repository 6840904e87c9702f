//! The catalogue and its document.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use storage_core::{MemoryBackend, Store, StoreOptions};

use super::Metrics;
use super::catalogue::{Entry, TOPICS, Truth};
use crate::options::{EmulatedVersion, MetricsDetail};

/// Names with labels that no series has before something has happened.
const SHOWN_LATER: [&str; 7] = [
    "etcd_debugging_server_alarms",
    "etcd_server_apply_duration_seconds",
    "etcd_server_client_requests_total",
    "etcd_server_healthcheck",
    "etcd_server_healthchecks_total",
    "etcd_server_range_duration_seconds",
    "etcd_server_request_duration_seconds",
];
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../monitoring/METRICS.md");
const RENEW: &str = "AUROCH_RENEW_DOCS";

async fn page(detail: MetricsDetail) -> String {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.unwrap();
    Metrics::new(EmulatedVersion::default(), detail).page(&store)
}

/// Names, types and names of labels of a page, `le` left out.
fn families(page: &str) -> BTreeSet<(String, String, BTreeSet<String>)> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| {
            let sample = if kind == "histogram" { format!("{name}_sum") } else { name.to_owned() };
            let sample = page.lines().find(|line| line.starts_with(&sample)).expect("a sample");
            let labels =
                sample.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(labels, _)| labels);
            let labels = labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
            (name.to_owned(), kind.to_owned(), labels.collect())
        })
        .collect()
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    TOPICS.iter().flat_map(|topic| topic.entries)
}

fn family(entry: &Entry) -> (String, String, BTreeSet<String>) {
    let labels = entry.labels.iter().map(|label| (*label).to_owned()).collect();
    (entry.name.to_owned(), format!("{:?}", entry.kind).to_lowercase(), labels)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_page_has_what_the_catalogue_says_with_its_types_and_labels() {
    let expected: BTreeSet<_> = entries().filter(|entry| !SHOWN_LATER.contains(&entry.name)).map(family).collect();
    assert_eq!(families(&page(MetricsDetail::Extensive).await), expected);
}

#[tokio::test]
async fn a_histogram_for_each_method_is_shown_on_request_only() {
    let basic = page(MetricsDetail::Basic).await;
    assert!(!basic.contains("grpc_server_handling_seconds"));
    let extensive = page(MetricsDetail::Extensive).await;
    let bucket = "grpc_server_handling_seconds_bucket{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",\
                  grpc_type=\"unary\",le=\"0.005\"} 0";
    assert!(extensive.contains(bucket));
}

#[test]
fn names_are_in_the_catalogue_once_and_ours_begin_with_auroch() {
    let mut names = BTreeSet::new();
    for entry in entries() {
        assert!(names.insert(entry.name), "{} is there twice", entry.name);
        assert!(entry.labels.is_sorted(), "{}: labels are in order", entry.name);
        let prefix = entry.name.split('_').next().unwrap();
        assert!(["etcd", "grpc", "process", "os", "promhttp", "auroch"].contains(&prefix), "{}", entry.name);
    }
}

#[test]
fn the_document_says_what_the_catalogue_says() {
    let document = document();
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(DOCUMENT, &document).unwrap();
    }
    let written = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    assert!(
        written == document,
        "monitoring/METRICS.md is out of date: {RENEW}=1 cargo test -p server the_document writes it"
    );
}

fn document() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         What `/metrics` shows, on the client port and on `--listen-metrics-urls`. Names, types, labels and buckets are those of\n\
         etcd 3.7.3, so that its dashboards and alerts work as they are; those of what etcd does not have begin with `auroch_`.\n\
         A name marked *constant* stands for something that there is not here, and shows what one etcd member alone would show.\n\
         etcd's `go_*` are left out: this is no Go program.\n\n\
         This page is made from the code by a test.\n",
    );
    for topic in TOPICS {
        let _ =
            writeln!(text, "\n## {}\n\n| name | type | labels | what it says here |\n|---|---|---|---|", topic.title);
        for entry in topic.entries {
            let labels: Vec<_> = entry.labels.iter().map(|label| format!("`{label}`")).collect();
            let constant = if entry.truth == Truth::Constant { "*constant*: " } else { "" };
            let kind = format!("{:?}", entry.kind).to_lowercase();
            let _ = writeln!(text, "| `{}` | {kind} | {} | {constant}{} |", entry.name, labels.join(", "), entry.help);
        }
    }
    text
}
