use std::convert::Infallible;
use std::time::Duration;

use storage_core::{Revision, Store};
use tokio::time::sleep;

const INTERVAL: Duration = Duration::from_secs(300);

/// Compacts all but the newest `retention` revisions.
/// Source: etcd 3.7.3, `server/etcdserver/api/v3compactor/revision.go`.
pub(super) async fn run(store: &Store, retention: u64) -> Infallible {
    let retention = i64::try_from(retention).unwrap_or(i64::MAX);
    let mut done = Revision(0);
    loop {
        sleep(INTERVAL).await;
        let revision = Revision(store.status().revision.0.saturating_sub(retention));
        if revision.0 > 0 && revision != done && super::compact(store, "revision", revision).await {
            done = revision;
        }
    }
}
