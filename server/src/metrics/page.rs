//! A page of metrics in the making.

use std::collections::BTreeMap;

use prometheus::TextEncoder;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use storage_core::stats::HistogramSnapshot;

use super::catalogue::{self, Type};

/// Names and values of labels.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// In what a histogram's values are counted, and how many of these are one of what is shown.
pub(super) const NANOS_AS_SECONDS: f64 = 1e9;
pub(super) const NANOS_AS_MILLIS: f64 = 1e6;
pub(super) const AS_IT_IS: f64 = 1.0;

/// Families of metrics by name. Each name is in the catalogue, with its type and its help.
#[derive(Debug, Default)]
pub(super) struct Page {
    families: BTreeMap<&'static str, MetricFamily>,
}

impl Page {
    /// A counter or a gauge without labels.
    pub(super) fn value(&mut self, name: &str, value: impl IntoNumber) {
        self.value_of(name, &[], value);
    }

    /// A counter or a gauge.
    pub(super) fn value_of(&mut self, name: &str, labels: Labels<'_>, value: impl IntoNumber) {
        let (family, kind) = self.family(name);
        let mut metric = Metric::from_label(pairs(labels));
        match kind {
            Type::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value.into_number());
                metric.set_counter(counter);
            }
            Type::Gauge | Type::Histogram => {
                let mut gauge = Gauge::default();
                gauge.set_value(value.into_number());
                metric.set_gauge(gauge);
            }
        }
        family.mut_metric().push(metric);
    }

    /// A value that may not be known.
    pub(super) fn value_if_known(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// A histogram without labels, whose values are shown divided by `scale`.
    pub(super) fn histogram(&mut self, name: &str, snapshot: &HistogramSnapshot, scale: f64) {
        self.histogram_of(name, &[], snapshot, scale);
    }

    /// A histogram whose values are shown divided by `scale`.
    pub(super) fn histogram_of(&mut self, name: &str, labels: Labels<'_>, snapshot: &HistogramSnapshot, scale: f64) {
        let mut cumulative = 0;
        let buckets = snapshot.bounds.iter().zip(&snapshot.counts).map(|(bound, count)| {
            cumulative += count;
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound as f64 / scale);
            bucket.set_cumulative_count(cumulative);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(snapshot.count());
        histogram.set_sample_sum(snapshot.sum as f64 / scale);
        let mut metric = Metric::from_label(pairs(labels));
        metric.set_histogram(histogram);
        self.family(name).0.mut_metric().push(metric);
    }

    fn family(&mut self, name: &str) -> (&mut MetricFamily, Type) {
        let entry = catalogue::find(name);
        let family = self.families.entry(entry.name).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(entry.name.to_owned());
            family.set_help(entry.help.to_owned());
            family.set_field_type(match entry.kind {
                Type::Counter => MetricType::COUNTER,
                Type::Gauge => MetricType::GAUGE,
                Type::Histogram => MetricType::HISTOGRAM,
            });
            family
        });
        (family, entry.kind)
    }

    /// The text form.
    pub(super) fn into_text(self) -> String {
        let families: Vec<_> = self.families.into_values().collect();
        TextEncoder::new().encode_to_string(&families).expect("every family has a name and a metric")
    }
}

fn pairs(labels: Labels<'_>) -> Vec<LabelPair> {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    labels.iter().map(pair).collect()
}

/// What can be shown as a number.
pub(super) trait IntoNumber {
    fn into_number(self) -> f64;
}

impl IntoNumber for f64 {
    fn into_number(self) -> f64 {
        self
    }
}

impl IntoNumber for u64 {
    fn into_number(self) -> f64 {
        self as f64
    }
}

impl IntoNumber for i64 {
    fn into_number(self) -> f64 {
        self as f64
    }
}

impl IntoNumber for usize {
    fn into_number(self) -> f64 {
        self as f64
    }
}

impl IntoNumber for bool {
    fn into_number(self) -> f64 {
        f64::from(u8::from(self))
    }
}
