use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use storage_core::Store;
use storage_core::stats::Counter;

use super::Metrics;

/// Scrapes themselves, by the names that promhttp gives them.
#[derive(Debug, Default)]
pub(super) struct Scrapes {
    pub(super) in_flight: AtomicU64,
    pub(super) answered: Counter,
    pub(super) failed: Counter,
}

/// A scrape is in flight while this is kept.
struct InFlight<'a>(&'a AtomicU64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// The page, or `None` if making it failed. It is made on a thread where it holds up no connection, since it reads files and
    /// writes some thousand lines; one at a time, so that scrapers do not take all cores.
    pub(crate) async fn scrape(self: &Arc<Self>, store: &Store) -> Option<String> {
        self.scrapes.in_flight.fetch_add(1, Ordering::Relaxed);
        let _in_flight = InFlight(&self.scrapes.in_flight);
        let permit = self.making.acquire().await.expect("the semaphore is never closed");
        let (metrics, store) = (Arc::clone(self), store.clone());
        let page = tokio::task::spawn_blocking(move || metrics.page(&store)).await;
        drop(permit);
        let page = page.inspect_err(|error| tracing::error!(%error, "metrics could not be collected")).ok();
        if page.is_some() { &self.scrapes.answered } else { &self.scrapes.failed }.increment();
        page
    }
}
