//! A range in parts, in bounded memory however large it is.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use crate::auth::Permit;
use crate::error::StoreError;
use crate::key_range::KeyRange;
use crate::read::{self, ReadError};
use crate::request::{RangeRequest, RevisionFilter, Sort, SortOrder, SortTarget};
use crate::response::KeyValue;
use crate::store::Inner;
use crate::types::{LeaseId, Revision};

/// Keys of the first part, which is small so that the reader has something soon. As in etcd.
const FIRST_CHUNK_KEYS: usize = 10;
/// Keys of a part, where they are so small that its size in bytes is no limit.
const CHUNK_KEYS: usize = 10_000;
/// What a key-value takes on the wire beside its key and value.
const KV_OVERHEAD_BYTES: usize = 32;

/// A range read at one revision and handed out in parts. If a compaction passes that revision the stream ends with
/// [`StoreError::Compacted`].
#[derive(Debug)]
pub struct RangeStream {
    store: Arc<Inner>,
    permit: Permit,
    request: RangeRequest,
    /// What is still to be read.
    keys: KeyRange,
    at: Revision,
    chunk_bytes: usize,
    end: StreamEnd,
    remaining: usize,
    first: bool,
    finished: bool,
}

/// A part of a [`RangeStream`].
#[derive(Debug)]
pub struct RangeChunk {
    /// The next keys.
    pub kvs: Vec<KeyValue>,
    /// On the last part only.
    pub end: Option<StreamEnd>,
}

/// What a [`RangeStream`] says at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// The store's revision when the stream began, even where an older one was asked for.
    pub revision: Revision,
    /// Whether `limit` cut the range short.
    pub more: bool,
    /// How many keys the range has at the revision read, whatever the limit.
    pub count: usize,
}

impl RangeStream {
    pub(crate) fn open(
        store: Arc<Inner>,
        permit: Permit,
        request: RangeRequest,
        chunk_bytes: usize,
    ) -> Result<Self, StoreError> {
        check_streamable(&request)?;
        let index = store.index.read();
        let revision = index.published();
        let at = read::resolve(&index, request.revision, revision)?;
        let count = index.count(&request.keys, at);
        drop(index);
        let limit = if request.limit > 0 { request.limit } else { usize::MAX };
        let remaining = if request.count_only { 0 } else { limit.min(count) };
        let more = !request.count_only && limit < count;
        let end = StreamEnd { revision, more, count };
        let keys = request.keys.clone();
        Ok(Self { store, permit, request, keys, at, chunk_bytes, end, remaining, first: true, finished: false })
    }

    /// The next part; `None` after the last one, which has an `end`, or after an error.
    pub async fn next(&mut self) -> Option<Result<RangeChunk, StoreError>> {
        if self.finished {
            return None;
        }
        if self.first
            && !self.request.serializable
            && let Err(error) = self.catch_up().await
        {
            self.finished = true;
            return Some(Err(error));
        }
        let chunk = self.chunk().await;
        self.finished = !matches!(&chunk, Ok(RangeChunk { end: None, .. }));
        Some(chunk)
    }

    /// What others acknowledged before the stream was opened belongs to it.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        if self.store.linearize().await? {
            *self = Self::open(Arc::clone(&self.store), self.permit, self.request.clone(), self.chunk_bytes)?;
        }
        Ok(())
    }

    async fn chunk(&mut self) -> Result<RangeChunk, StoreError> {
        let _pin = self.store.pins.pin();
        let mut kvs = self.collect()?;
        self.store.shared.auth.confirm(self.permit)?;
        self.remaining -= kvs.len();
        if self.needs_values() {
            self.fill(&mut kvs).await?;
        }
        self.arrange(&mut kvs);
        let is_last = self.remaining == 0 || kvs.is_empty();
        Ok(RangeChunk { kvs, end: is_last.then_some(self.end) })
    }

    async fn fill(&self, kvs: &mut [KeyValue]) -> Result<(), StoreError> {
        let mut lacking: Vec<_> = kvs.iter_mut().filter(|kv| kv.meta.value_bytes() > 0).collect();
        for part in lacking.chunks_mut(read::VALUES_PER_READ) {
            let Err(error) = read::fill_part(part, &self.store.values).await else { continue };
            // Another store may have swept it: then its compaction is known here now.
            if matches!(error, ReadError::Missing) && self.store.linearize().await? {
                let index = self.store.index.read();
                read::resolve(&index, self.at, index.published())?;
            }
            return Err(error.into());
        }
        Ok(())
    }

    fn collect(&mut self) -> Result<Vec<KeyValue>, StoreError> {
        let keys_max = if self.first { FIRST_CHUNK_KEYS } else { CHUNK_KEYS }.min(self.remaining);
        self.first = false;
        let index = self.store.index.read();
        read::resolve(&index, self.at, index.published())?;
        let mut kvs: Vec<KeyValue> = Vec::new();
        if keys_max == 0 {
            return Ok(kvs);
        }
        let (mut bytes, needs_values) = (0, self.needs_values());
        index.visit(&self.keys, self.at, |key, meta| {
            let mut meta = *meta;
            bytes += key.len() + KV_OVERHEAD_BYTES;
            if needs_values {
                bytes += meta.value_bytes();
            } else {
                meta.lease = LeaseId::NONE;
            }
            kvs.push(KeyValue { key: key.clone(), meta, value: Bytes::new() });
            let full = kvs.len() == keys_max || bytes >= self.chunk_bytes;
            if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(last) = kvs.last() {
            self.keys = self.keys.starting_at(read::successor(&last.key));
        }
        Ok(kvs)
    }
}

impl RangeStream {
    fn target(&self) -> SortTarget {
        self.request.sort.map_or(SortTarget::Key, |sort| sort.target)
    }

    fn needs_values(&self) -> bool {
        !self.request.keys_only || self.target() == SortTarget::Value
    }

    /// A target without an order sorts each part by itself, as in etcd, so that a range of one part is what
    /// [`Store::range`](crate::Store::range) answers. Values that a part was only sorted by are left out again.
    fn arrange(&self, kvs: &mut [KeyValue]) {
        match self.target() {
            SortTarget::Key => {}
            SortTarget::Version => kvs.sort_by_key(|kv| kv.meta.version),
            SortTarget::Create => kvs.sort_by_key(|kv| kv.meta.create_revision),
            SortTarget::Mod => kvs.sort_by_key(|kv| kv.meta.mod_revision()),
            SortTarget::Value => kvs.sort_by(|a, b| a.value.cmp(&b.value)),
        }
        if self.request.keys_only {
            kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
        }
    }
}

fn check_streamable(request: &RangeRequest) -> Result<(), StoreError> {
    let is_ordered = |sort: Sort| match sort.order {
        None => false,
        Some(SortOrder::Ascend) => sort.target != SortTarget::Key,
        Some(SortOrder::Descend) => true,
    };
    if request.sort.is_some_and(is_ordered) {
        return Err(StoreError::StreamSort);
    }
    if request.filter != RevisionFilter::default() {
        return Err(StoreError::StreamFilter);
    }
    Ok(())
}
