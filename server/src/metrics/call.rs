use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::HeaderMap;
use storage_core::stats::{Counter, Histogram};
use tonic::Code;

use super::connection::Connection;
use super::methods::{METHODS, Method};
use crate::options::MetricsDetail;
use crate::traces::{Span, Traces};

/// gRPC's codes, from OK to Unauthenticated.
pub(super) const CODES: usize = 17;
/// Prometheus' default buckets, which go-grpc-prometheus takes, in milliseconds.
const HANDLING_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// What is counted of one method.
#[derive(Debug)]
pub(super) struct MethodCounters {
    pub(super) started: Counter,
    pub(super) received: Counter,
    pub(super) sent: Counter,
    /// By code.
    pub(super) handled: [Counter; CODES],
    /// Calls being served.
    pub(super) running: AtomicU64,
    pub(super) durations: Option<Durations>,
    /// etcd counts ranges once more, in finer buckets.
    pub(super) ranges: Option<Durations>,
    /// How long all calls took, if that is wanted in detail.
    pub(super) handling: Option<Histogram>,
}

/// How long calls took that failed, and how long those that did not.
pub(super) type Durations = [Histogram; 2];

impl MethodCounters {
    pub(super) fn new(method: &Method, detail: MetricsDetail) -> Self {
        let durations = |(first_ms, buckets): (u64, u32)| {
            [(); 2].map(|()| Histogram::of_durations(Duration::from_millis(first_ms), buckets))
        };
        let ranges = || [(); 2].map(|()| Histogram::of_durations(Duration::from_micros(100), 20));
        let handling = || Histogram::new(HANDLING_MS.map(|ms| ms * 1_000_000));
        Self {
            started: Counter::default(),
            received: Counter::default(),
            sent: Counter::default(),
            handled: Default::default(),
            running: AtomicU64::new(0),
            durations: buckets_of(method).map(durations),
            ranges: (method.request == Some("Range")).then(ranges),
            handling: (detail == MetricsDetail::Extensive).then(handling),
        }
    }

    fn are_timed(&self) -> bool {
        self.durations.is_some() || self.handling.is_some()
    }

    fn took(&self, time: Duration, success: bool) {
        for durations in [&self.durations, &self.ranges].into_iter().flatten() {
            durations[usize::from(success)].observe_duration(time);
        }
        if let Some(handling) = &self.handling {
            handling.observe_duration(time);
        }
    }
}

/// The lowest of etcd's buckets, in milliseconds, and how many there are, where calls of a method are what etcd times.
fn buckets_of(method: &Method) -> Option<(u64, u32)> {
    match method.name {
        _ if method.request.is_some() => Some((1, 14)),
        "Hash" | "HashKV" => Some((10, 15)),
        "Defragment" => Some((100, 13)),
        "Snapshot" => Some((10, 17)),
        _ => None,
    }
}

/// A call being served. One that is dropped before it is finished was given up by its client.
#[derive(Debug)]
pub(crate) struct Call {
    connection: Arc<Connection>,
    method: usize,
    began: Option<Instant>,
    span: Option<Span>,
    finished: bool,
}

impl Call {
    pub(super) fn begin(connection: Arc<Connection>, method: usize) -> Self {
        let counters = &connection.metrics.methods[method];
        counters.started.increment();
        counters.running.fetch_add(1, Ordering::Relaxed);
        let began = counters.are_timed().then(Instant::now);
        Self { connection, method, began, span: None, finished: false }
    }

    /// Traces the call too, if it is to be.
    pub(crate) fn trace(&mut self, traces: &Traces, headers: &HeaderMap) {
        let Method { service, name, .. } = METHODS[self.method];
        self.span = traces.begin(service, name, headers);
    }

    /// For what the client sends.
    pub(crate) fn meter(&self) -> Meter {
        Meter { connection: Arc::clone(&self.connection), method: self.method }
    }

    fn counters(&self) -> &MethodCounters {
        &self.connection.metrics.methods[self.method]
    }

    /// Messages for the client, and their bytes.
    pub(crate) fn sent(&self, messages: u64, bytes: u64) {
        self.counters().sent.add(messages);
        self.connection.metrics.sent_bytes.add(bytes);
    }

    /// The call is answered.
    pub(crate) fn finish(mut self, code: Code) {
        self.end(code);
    }

    fn end(&mut self, code: Code) {
        self.finished = true;
        if let Some(span) = self.span.take() {
            span.end(code);
        }
        let counters = self.counters();
        counters.running.fetch_sub(1, Ordering::Relaxed);
        counters.handled[code as usize].increment();
        if let Some(began) = self.began {
            counters.took(began.elapsed(), code == Code::Ok);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.finished {
            self.end(Code::Cancelled);
        }
    }
}

/// Counts what the client of a call sends.
#[derive(Debug)]
pub(crate) struct Meter {
    connection: Arc<Connection>,
    method: usize,
}

impl Meter {
    /// Messages of the client, and their bytes.
    pub(crate) fn received(&self, messages: u64, bytes: u64) {
        let metrics = &self.connection.metrics;
        metrics.methods[self.method].received.add(messages);
        metrics.received_bytes.add(bytes);
    }
}
