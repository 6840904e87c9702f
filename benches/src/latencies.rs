//! How long each of many requests took, as an HDR histogram.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

/// Decimal digits of a latency that are kept.
const DIGITS: u8 = 3;
const NANOS_PER_MICRO: f64 = 1e3;

/// How long each of many requests took: all of them, to a thousandth of each. In JSON it is the figures of tables and, in
/// nanoseconds, the histogram as all libraries of HdrHistogram write it (V2, compressed, in base64).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new(DIGITS).expect("three digits can be kept"))
    }
}

impl Latencies {
    /// Adds one.
    pub fn push(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.record(nanos).expect("the histogram grows");
    }

    /// Adds those of another worker.
    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the histogram grows");
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        usize::try_from(self.0.len()).expect("each was counted in memory")
    }

    /// The latency that `share` of all requests do not exceed, in microseconds; zero where nothing was measured.
    #[must_use]
    pub fn quantile_us(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / NANOS_PER_MICRO
    }
}

/// What is in JSON.
#[derive(Serialize, Deserialize)]
struct Written {
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
    hdr_ns: String,
}

impl From<Latencies> for Written {
    fn from(latencies: Latencies) -> Self {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&latencies.0, &mut bytes).expect("memory can be written to");
        Self {
            p50_us: latencies.quantile_us(0.5),
            p99_us: latencies.quantile_us(0.99),
            p999_us: latencies.quantile_us(0.999),
            max_us: latencies.quantile_us(1.0),
            hdr_ns: BASE64_STANDARD.encode(bytes),
        }
    }
}

impl TryFrom<Written> for Latencies {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let bytes = BASE64_STANDARD.decode(written.hdr_ns).map_err(|e| e.to_string())?;
        let mut histogram = Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|e| e.to_string())?;
        histogram.auto(true);
        Ok(Self(histogram))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to_100_us() -> Latencies {
        let mut latencies = Latencies::default();
        (0..=100).rev().for_each(|micros| latencies.push(Duration::from_micros(micros)));
        latencies
    }

    #[test]
    fn quantiles_are_true_to_three_digits() {
        let latencies = up_to_100_us();
        assert!((latencies.quantile_us(0.5) - 50.0).abs() < 0.05);
        assert!((latencies.quantile_us(0.99) - 99.0).abs() < 0.1);
    }

    #[test]
    fn nothing_measured_has_no_quantiles() {
        assert_eq!(Latencies::default().quantile_us(0.99), 0.0);
    }

    #[test]
    fn what_is_read_from_json_is_what_was_written_and_can_be_added_to() {
        let latencies = up_to_100_us();
        let json = serde_json::to_string(&latencies).unwrap();
        let mut read: Latencies = serde_json::from_str(&json).unwrap();
        assert_eq!(read, latencies);
        read.push(Duration::from_secs(100));
        assert_eq!(read.count(), 102);
    }

    #[test]
    fn damaged_json_is_refused() {
        let written = |hdr_ns: &str| Written { hdr_ns: hdr_ns.to_owned(), ..up_to_100_us().into() };
        assert!(Latencies::try_from(written("")).is_err());
        assert!(Latencies::try_from(written("not base64")).is_err());
    }
}
