use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use storage_core::stats::Counter;

/// So many versions are told apart, and those that are not longer than this: a client may say anything.
const MAX_VERSIONS: usize = 64;
const MAX_VERSION_BYTES: usize = 32;
const OTHER: &str = "other";

/// Requests by the version that clients say they are.
#[derive(Debug, Default)]
pub(super) struct Clients {
    versions: Mutex<BTreeMap<Box<str>, Arc<Requests>>>,
}

/// Requests of one version.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) unary: Counter,
    pub(super) stream: Counter,
}

impl Clients {
    /// Where requests of `version` are counted.
    pub(super) fn of(&self, version: &str) -> Arc<Requests> {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(requests) = versions.get(version) {
            return Arc::clone(requests);
        }
        let is_told_apart = versions.len() < MAX_VERSIONS && version.len() <= MAX_VERSION_BYTES;
        let version = if is_told_apart { version } else { OTHER };
        Arc::clone(versions.entry(version.into()).or_default())
    }

    /// Each version and its requests.
    pub(super) fn all(&self) -> Vec<(Box<str>, Arc<Requests>)> {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.iter().map(|(version, requests)| (version.clone(), Arc::clone(requests))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_bounded_whatever_clients_say() {
        let clients = Clients::default();
        clients.of("3.7").unary.increment();
        clients.of(&"x".repeat(1000)).stream.increment();
        for n in 0..1000 {
            clients.of(&n.to_string()).unary.increment();
        }
        let all = clients.all();
        assert_eq!(all.len(), MAX_VERSIONS);
        let count = |version: &str| all.iter().find(|(name, _)| **name == *version).map(|(_, r)| r.unary.get());
        assert_eq!(count("3.7"), Some(1));
        assert_eq!(count(OTHER), Some(1000 - (MAX_VERSIONS as u64 - 2)));
    }
}
