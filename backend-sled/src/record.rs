//! Records of any size, in chunks.
//!
//! sled writes a page that is larger than a quarter of its segments into a file of its own, which it never flushes to the disk.
//! A page has up to [`PAGE_ITEMS`] items, so none may be larger than [`CHUNK_BYTES`]. A record's key is that of its chunks without
//! the four bytes of the chunk's number; its first chunk begins with the record's length.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use sled::{Batch, IVec, Tree};

use crate::failure::{Failure, Result};

/// Of a value in sled.
const CHUNK_BYTES: usize = 8 << 10;
/// The most that sled has in a page: it splits those of more than 16, merges those of less than 4, and keeps up to 10 changes of
/// a page beside it.
const PAGE_ITEMS: usize = 30;
/// sled's unit of space. What is written to it at once is a page or less.
pub(crate) const SEGMENT_BYTES: usize = 1 << 20;
const _: () = assert!((CHUNK_BYTES + 64) * PAGE_ITEMS < SEGMENT_BYTES / 4, "a page would be a file of its own");

const LENGTH_BYTES: usize = 4;
const NUMBER_BYTES: usize = 4;

fn chunk_key(record: &[u8], chunk: usize) -> Vec<u8> {
    let chunk = u32::try_from(chunk).expect("a record's length has four bytes");
    [record, &chunk.to_be_bytes()].concat()
}

fn chunks(len: usize) -> usize {
    (LENGTH_BYTES + len).div_ceil(CHUNK_BYTES)
}

/// Writes a record that is new, or takes as many chunks as the one it replaces.
pub(crate) fn put(batch: &mut Batch, record: &[u8], data: &[u8]) {
    let len = u32::try_from(data.len()).expect("a record's length has four bytes");
    let (first, rest) = data.split_at(data.len().min(CHUNK_BYTES - LENGTH_BYTES));
    batch.insert(chunk_key(record, 0), [&len.to_le_bytes(), first].concat());
    for (i, chunk) in rest.chunks(CHUNK_BYTES).enumerate() {
        batch.insert(chunk_key(record, i + 1), chunk);
    }
}

/// Removes a record of this length.
pub(crate) fn remove(batch: &mut Batch, record: &[u8], len: usize) {
    remove_from(batch, record, len, 0);
}

/// Writes a record in the place of one of length `before`.
pub(crate) fn replace(batch: &mut Batch, record: &[u8], before: usize, data: &[u8]) {
    remove_from(batch, record, before, chunks(data.len()));
    put(batch, record, data);
}

fn remove_from(batch: &mut Batch, record: &[u8], len: usize, first: usize) {
    (first..chunks(len)).for_each(|chunk| batch.remove(chunk_key(record, chunk)));
}

/// The length of a record, if it is there.
pub(crate) fn len(tree: &Tree, record: &[u8]) -> Result<Option<usize>> {
    tree.get(chunk_key(record, 0))?.map(|first| Ok(split(&first)?.0)).transpose()
}

/// A whole record, if it is there.
pub(crate) fn get(tree: &Tree, record: &[u8]) -> Result<Option<Bytes>> {
    let Some(first) = tree.get(chunk_key(record, 0))? else { return Ok(None) };
    let mut chunk = 0;
    assemble(&first, || {
        chunk += 1;
        Ok(tree.get(chunk_key(record, chunk))?)
    })
    .map(Some)
}

/// The record with the highest key in `range`, and the first bytes of what it holds.
pub(crate) fn last(tree: &Tree, range: Range<Vec<u8>>) -> Result<Option<Head>> {
    for item in tree.range(range).rev() {
        let (key, value) = item?;
        if let Some(head) = Head::new(key, value)? {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

/// The first chunk of a record.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    key: IVec,
    value: IVec,
}

impl Head {
    /// `None` if the chunk is not a first one.
    fn new(key: IVec, value: IVec) -> Result<Option<Self>> {
        let number = key.len().checked_sub(NUMBER_BYTES).ok_or(Failure::Malformed)?;
        let first = key[number..] == [0; NUMBER_BYTES];
        if first {
            split(&value)?;
        }
        Ok(first.then_some(Self { key, value }))
    }

    pub(crate) fn record(&self) -> &[u8] {
        &self.key[..self.key.len() - NUMBER_BYTES]
    }

    /// How many bytes the whole record holds.
    pub(crate) fn record_len(&self) -> usize {
        split(&self.value).expect("it was looked at when it was found").0
    }

    /// The beginning of what the record holds.
    pub(crate) fn data(&self) -> &[u8] {
        &self.value[LENGTH_BYTES..]
    }
}

/// The records of a range, in order of their keys. Whoever changes records that are there meanwhile must be kept away.
pub(crate) struct Records {
    chunks: sled::Iter,
}

impl Records {
    pub(crate) fn new(tree: &Tree, range: Range<Vec<u8>>) -> Self {
        Self { chunks: tree.range(range) }
    }

    /// The next record's first chunk.
    pub(crate) fn next(&mut self) -> Result<Option<Head>> {
        for item in self.chunks.by_ref() {
            let (key, value) = item?;
            if let Some(head) = Head::new(key, value)? {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    /// All of the record that was asked for last.
    pub(crate) fn whole(&mut self, head: &Head) -> Result<Bytes> {
        assemble(&head.value, || {
            let Some((key, value)) = self.chunks.next().transpose()? else { return Ok(None) };
            Ok(key.starts_with(head.record()).then_some(value))
        })
    }
}

/// The record's length and its first bytes.
fn split(first: &[u8]) -> Result<(usize, &[u8])> {
    let (len, data) = first.split_first_chunk::<LENGTH_BYTES>().ok_or(Failure::Malformed)?;
    Ok((u32::from_le_bytes(*len) as usize, data))
}

fn assemble(first: &[u8], mut next: impl FnMut() -> Result<Option<IVec>>) -> Result<Bytes> {
    let (len, data) = split(first)?;
    if data.len() == len {
        return Ok(Bytes::copy_from_slice(data));
    }
    let mut all = BytesMut::with_capacity(len.min(64 << 20));
    all.extend_from_slice(data);
    while all.len() < len {
        all.extend_from_slice(&next()?.ok_or(Failure::Malformed)?);
    }
    if all.len() == len { Ok(all.freeze()) } else { Err(Failure::Malformed) }
}
