//! Makes the page: what was counted, under its names.

mod calls;
mod constants;
mod engine;
mod ours;
mod process;
mod server;
mod storage;

use storage_core::Store;

use super::Metrics;
use super::page::Page;

impl Metrics {
    /// The page as it is now.
    pub(super) fn page(&self, store: &Store) -> String {
        let (status, stats) = (store.status(), store.stats());
        let mut page = Page::default();
        calls::collect(&mut page, self);
        server::collect(&mut page, self, store, &status, &stats);
        storage::collect(&mut page, &status, &stats);
        engine::collect(&mut page, &status, &stats);
        ours::collect(&mut page, self, &status, &stats);
        process::collect(&mut page);
        constants::collect(&mut page);
        page.into_text()
    }
}
