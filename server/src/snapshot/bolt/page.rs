//! A branch or a leaf that was read, and trusts nothing in it.

use bytes::Bytes;

use super::error::BoltError;
use super::format::{BRANCH, BUCKET, ENTRY_BYTES, PAGE_HEADER_BYTES, PageHeader, u32_at, u64_at};

/// A page with all that belongs to it.
#[derive(Debug)]
pub(super) struct Page {
    id: u64,
    kind: u16,
    count: usize,
    content: Bytes,
}

/// An entry of a leaf.
#[derive(Debug)]
pub(super) struct LeafEntry {
    pub(super) is_bucket: bool,
    pub(super) key: Bytes,
    pub(super) value: Bytes,
}

impl Page {
    /// `id` is for messages.
    pub(super) fn new(id: u64, content: Bytes) -> Result<Self, BoltError> {
        let damaged = |what| BoltError::Damaged { page: id, what };
        let header = PageHeader::decode(&content).ok_or_else(|| damaged("is cut short"))?;
        let count = usize::from(header.count);
        if PAGE_HEADER_BYTES + count * ENTRY_BYTES > content.len() {
            return Err(damaged("has more entries than fit"));
        }
        Ok(Self { id, kind: header.kind, count, content })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn is_branch(&self) -> bool {
        self.kind == BRANCH
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The pages below a branch.
    pub(super) fn children(&self) -> Result<Vec<u64>, BoltError> {
        let child = |n| {
            let at = self.entry(n);
            let key = self.bytes(at, u32_at(&self.content, at), u32_at(&self.content, at + 4))?;
            match u64_at(&self.content, at + 8) {
                Some(child) if !key.is_empty() => Ok(child),
                _ => Err(self.damaged("has a branch without a key")),
            }
        };
        (0..self.count).map(child).collect()
    }

    /// Entry `n`, below [`count`](Self::count), of a leaf.
    pub(super) fn leaf_entry(&self, n: usize) -> Result<LeafEntry, BoltError> {
        let at = self.entry(n);
        let field = |n: usize| u32_at(&self.content, at + 4 * n);
        let flags = field(0).ok_or_else(|| self.damaged("is cut short"))?;
        let key = self.bytes(at, field(1), field(2))?;
        let value = match (field(1), field(2)) {
            (Some(distance), Some(key_len)) => self.bytes(at, distance.checked_add(key_len), field(3))?,
            _ => return Err(self.damaged("is cut short")),
        };
        if flags & !BUCKET != 0 {
            return Err(self.damaged("has an entry of an unknown kind"));
        }
        Ok(LeafEntry { is_bucket: flags == BUCKET, key, value })
    }

    fn entry(&self, n: usize) -> usize {
        PAGE_HEADER_BYTES + n * ENTRY_BYTES
    }

    fn bytes(&self, entry: usize, distance: Option<u32>, len: Option<u32>) -> Result<Bytes, BoltError> {
        let range = || {
            let start = entry.checked_add(usize::try_from(distance?).ok()?)?;
            let end = start.checked_add(usize::try_from(len?).ok()?)?;
            (end <= self.content.len()).then(|| self.content.slice(start..end))
        };
        range().ok_or_else(|| self.damaged("has an entry that reaches out of it"))
    }

    pub(super) fn damaged(&self, what: &'static str) -> BoltError {
        BoltError::Damaged { page: self.id, what }
    }
}
