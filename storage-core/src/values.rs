//! Reading values by version: the cache in front of the backend.

use std::sync::Arc;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::backend::{Backend, BackendError};
use crate::event::{Event, EventValue, PrevKv};
use crate::stats::{Counter, ValueStats};
use crate::types::VersionId;

/// Values of versions, from a cache bounded in bytes or else from the backend. A version's value never changes, so the
/// cache is never stale; versions whose commit was rolled back never enter it.
#[derive(Debug)]
pub(crate) struct Values {
    cache: Cache<VersionId, Bytes, ByBytes>,
    backend: Arc<dyn Backend>,
    hits: Counter,
    misses: Counter,
}

#[derive(Clone, Debug)]
struct ByBytes;

/// What an entry costs beside its value: the slot, the two headers of `Bytes`, the allocation's rounding.
const ENTRY_BYTES: u64 = 96;

/// Reads of more values than this bypass the cache.
const CACHED_READ_MAX: usize = 64;

impl Weighter<VersionId, Bytes> for ByBytes {
    fn weight(&self, _: &VersionId, value: &Bytes) -> u64 {
        value.len() as u64 + ENTRY_BYTES
    }
}

impl Values {
    pub(crate) fn new(backend: Arc<dyn Backend>, cache_bytes: u64) -> Self {
        /// Kubernetes' objects are of this size; it only decides the first allocation.
        const TYPICAL_VALUE_BYTES: u64 = 2048;
        let entries = usize::try_from(cache_bytes / TYPICAL_VALUE_BYTES).unwrap_or(usize::MAX).min(1 << 16);
        let cache = Cache::with_weighter(entries, cache_bytes, ByBytes);
        Self { cache, backend, hits: Counter::default(), misses: Counter::default() }
    }

    /// The value if it is at hand.
    pub(crate) fn cached(&self, id: VersionId) -> Option<Bytes> {
        let value = self.cache.get(&id);
        // Who does not find it here asks again, by `get`, and is counted there.
        self.hits.add(u64::from(value.is_some()));
        value
    }

    /// The same for what nobody asked to read, which says nothing of how well the cache works.
    pub(crate) fn peek(&self, id: VersionId) -> Option<Bytes> {
        self.cache.get(&id)
    }

    /// Takes in the value of a durable version.
    pub(crate) fn insert(&self, id: VersionId, value: Bytes) {
        self.cache.insert(id, value);
    }

    /// Lets go of a version that was superseded: it is unlikely to be read again.
    pub(crate) fn forget(&self, id: VersionId) {
        self.cache.remove(&id);
    }

    pub(crate) fn stats(&self) -> ValueStats {
        ValueStats { bytes: self.cached_bytes(), hits: self.hits.get(), misses: self.misses.get() }
    }

    /// Bytes that the cache holds.
    pub(crate) fn cached_bytes(&self) -> u64 {
        self.cache.weight()
    }

    /// The versions before these events whose values are still lacking, with those values; `None` for a version that is gone.
    pub(crate) async fn previous<'e>(
        &self,
        events: &'e [Arc<Event>],
    ) -> Result<impl Iterator<Item = (&'e PrevKv, Option<EventValue>)> + use<'e>, BackendError> {
        let lacking: Vec<_> =
            events.iter().filter(|event| event.lacks_prev_value()).filter_map(|event| event.prev.as_ref()).collect();
        let ids: Vec<_> = lacking.iter().map(|prev| prev.meta.id).collect();
        let values = self.get(&ids).await?;
        Ok(lacking.into_iter().zip(values.into_iter().map(|value| value.map(EventValue))))
    }

    /// Values in the order asked; `None` for a version that is gone. What the backend is asked for, it is asked for once.
    pub(crate) async fn get(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        let mut values: Vec<_> = ids.iter().map(|id| self.cache.get(id)).collect();
        let mut missing: Vec<usize> = (0..ids.len()).filter(|&i| values[i].is_none()).collect();
        self.hits.add((ids.len() - missing.len()) as u64);
        self.misses.add(missing.len() as u64);
        if missing.is_empty() {
            return Ok(values);
        }
        missing.sort_unstable_by_key(|&i| ids[i]);
        let wanted: Vec<_> = missing.iter().map(|&i| ids[i]).collect();
        // A long list would only push out what is read often.
        let keep = ids.len() <= CACHED_READ_MAX;
        for (slot, value) in missing.into_iter().zip(self.backend.values(&wanted).await?) {
            if let Some(value) = value.as_ref().filter(|_| keep) {
                self.cache.insert(ids[slot], value.clone());
            }
            values[slot] = value;
        }
        Ok(values)
    }
}
