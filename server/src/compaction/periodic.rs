use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use storage_core::Store;
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);
/// Samples in an interval between two compactions, and tries if one fails.
const SAMPLES: u32 = 10;
/// A period so short is a mistake, but must not keep a core busy.
const MIN_SAMPLE_INTERVAL: Duration = Duration::from_millis(1);

/// Compacts what is older than `period`: first after one period, and then every hour, or every period if that is shorter.
/// Source: etcd 3.7.3, `server/etcdserver/api/v3compactor/periodic.go`.
pub(super) async fn run(store: &Store, period: Duration) -> Infallible {
    let interval = period.min(HOUR);
    let sample_interval = (interval / SAMPLES).max(MIN_SAMPLE_INTERVAL);
    let kept = usize::try_from(period.as_nanos() / sample_interval.as_nanos()).unwrap_or(usize::MAX).saturating_add(1);
    let mut samples = VecDeque::new();
    let (mut due_after, mut done_at, mut done) = (period, Instant::now(), None);
    loop {
        samples.push_back(store.status().revision);
        if samples.len() > kept {
            samples.pop_front();
        }
        sleep(sample_interval).await;
        // One period ago, once one has passed.
        let revision = *samples.front().expect("one was pushed");
        if done_at.elapsed() < due_after || done == Some(revision) {
            continue;
        }
        due_after = interval;
        if super::compact(store, "periodic", revision).await {
            (done, done_at) = (Some(revision), Instant::now());
        }
    }
}
