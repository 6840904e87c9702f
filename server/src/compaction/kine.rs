use std::convert::Infallible;
use std::time::Duration;

use rand::RngExt as _;
use storage_core::{Revision, Store};
use tokio::time::{Instant, interval_at};

/// Compacts at each interval what was current at the last one, but none of the newest `min_retain` revisions.
/// Source: kine 0.17.5, `pkg/logstructured/sqllog/sql.go`.
pub(super) async fn run(store: &Store, interval: Duration, min_retain: u64) -> Infallible {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    let mut target = store.status().revision;
    loop {
        ticks.tick().await;
        let status = store.status();
        let revision = target.min(newest_to_compact(status.revision, min_retain));
        if revision > status.compact_revision {
            super::compact(store, "kine", revision).await;
        }
        target = status.revision;
    }
}

/// The last revision before those that are kept; below 1 if all are.
pub(super) fn newest_to_compact(current: Revision, min_retain: u64) -> Revision {
    Revision(current.0.saturating_sub_unsigned(min_retain))
}

/// `interval`, made longer or shorter by up to `percent` of it.
pub(super) fn with_jitter(interval: Duration, percent: u8) -> Duration {
    let most = f64::from(percent.min(100)) / 100.0;
    let jittered = interval.mul_f64(1.0 + rand::rng().random_range(-most..=most));
    // All of it away would leave no pause at all.
    jittered.max(Duration::from_millis(1))
}
