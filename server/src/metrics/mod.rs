//! `/metrics`: etcd's names, and ours, in Prometheus' text form.
//!
//! What happens is counted where it happens: calls in tables that are resolved once (`call`, `connection`), all else by the engine
//! ([`storage_core::stats`]). A scrape reads all of it and writes a page (`collect`); nothing waits for a scrape. Every name is in
//! the [`catalogue`], which says what it means here; `monitoring/METRICS.md` is made from that.

mod call;
mod catalogue;
mod clients;
mod collect;
mod connection;
mod health;
mod methods;
mod page;
mod process;
mod scrape;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use storage_core::stats::Counter;
use tokio::sync::Semaphore;

use self::call::MethodCounters;
pub(crate) use self::call::{Call, Meter};
use self::clients::Clients;
pub(crate) use self::connection::{Connection, Open};
pub(crate) use self::health::Health;
use self::methods::METHODS;
use self::scrape::Scrapes;
use crate::options::{EmulatedVersion, MetricsDetail};

/// All that the server counts itself.
#[derive(Debug)]
pub(crate) struct Metrics {
    version: EmulatedVersion,
    /// One for each of [`METHODS`].
    methods: Box<[MethodCounters]>,
    clients: Clients,
    received_bytes: Counter,
    sent_bytes: Counter,
    connections: AtomicU64,
    /// What probes were answered.
    pub(crate) health: Health,
    scrapes: Scrapes,
    /// Pages are made one after the other.
    making: Semaphore,
}

impl Metrics {
    pub(crate) fn new(version: EmulatedVersion, detail: MetricsDetail) -> Arc<Self> {
        Arc::new(Self {
            version,
            methods: METHODS.iter().map(|method| MethodCounters::new(method, detail)).collect(),
            clients: Clients::default(),
            received_bytes: Counter::default(),
            sent_bytes: Counter::default(),
            connections: AtomicU64::new(0),
            health: Health::default(),
            scrapes: Scrapes::default(),
            making: Semaphore::new(1),
        })
    }
}
