//! Where pages come from.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::error::BoltError;
use super::format::{BRANCH, LEAF, Meta, PAGE_HEADER_BYTES, PageHeader};
use super::page::Page;

/// Something that can be read anywhere.
pub(crate) trait ReadAt {
    fn read_exact_at(&self, out: &mut [u8], at: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, out: &mut [u8], at: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, out, at)
    }
}

/// The pages of one file.
#[derive(Debug)]
pub(super) struct Source<R> {
    file: R,
    pub(super) meta: Meta,
}

/// Page sizes of all machines are within.
const PAGE_BYTES_RANGE: std::ops::RangeInclusive<u32> = 512..=1 << 16;
/// Nothing that etcd stores is near it.
const MAX_RUN_BYTES: u64 = 1 << 30;
/// The first page behind the meta pages.
const FIRST_PAGE: u64 = 2;

impl<R: ReadAt> Source<R> {
    /// `len` bytes of `file` are the database.
    pub(super) fn open(file: R, len: u64) -> Result<Self, BoltError> {
        let meta = find_meta(&file, len)?;
        let expected = meta.pages.saturating_mul(meta.page_bytes.into());
        if expected > len {
            return Err(BoltError::Cut { expected, found: len });
        }
        Ok(Self { file, meta })
    }

    /// A leaf or a branch. Marks its pages in `seen`, where none of them may be yet.
    pub(super) fn page(&self, id: u64, seen: &mut Seen) -> Result<Page, BoltError> {
        let damaged = |what| BoltError::Damaged { page: id, what };
        if id < FIRST_PAGE || id >= self.meta.pages {
            return Err(damaged("is outside of the file"));
        }
        let page_bytes = u64::from(self.meta.page_bytes);
        let at = id * page_bytes;
        let mut head = [0; PAGE_HEADER_BYTES];
        self.file.read_exact_at(&mut head, at)?;
        let header = PageHeader::decode(&head).ok_or(BoltError::NotBolt)?;
        let run = u64::from(header.overflow) + 1;
        if header.id != id {
            return Err(damaged("says that it is another one"));
        }
        if header.kind != LEAF && header.kind != BRANCH {
            return Err(damaged("is of the wrong kind"));
        }
        if run > self.meta.pages - id {
            return Err(damaged("is larger than the file"));
        }
        if run * page_bytes > MAX_RUN_BYTES {
            return Err(damaged("is larger than any page of etcd's"));
        }
        if !seen.mark(id, run) {
            return Err(damaged("is used twice"));
        }
        let bytes = usize::try_from(run * page_bytes).map_err(|_| damaged("is larger than memory"))?;
        let mut content = vec![0; bytes];
        self.file.read_exact_at(&mut content, at)?;
        Page::new(id, content.into())
    }
}

/// The newer of the two meta pages, or the one that is whole. Where the second is depends on the page size, which the first says.
fn find_meta(file: &impl ReadAt, len: u64) -> Result<Meta, BoltError> {
    let read = |at: u64| -> Result<Option<Meta>, BoltError> {
        let mut page = [0; PAGE_HEADER_BYTES + Meta::BYTES];
        if at + page.len() as u64 > len {
            return Ok(None);
        }
        file.read_exact_at(&mut page, at)?;
        Ok(Meta::decode(&page[PAGE_HEADER_BYTES..]).filter(is_sensible))
    };
    let first = read(0)?;
    let mut metas = Vec::from_iter(first);
    let sizes = match first {
        Some(first) => vec![first.page_bytes],
        None => std::iter::successors(Some(*PAGE_BYTES_RANGE.start()), |size| Some(size * 2))
            .take_while(|size| PAGE_BYTES_RANGE.contains(size))
            .collect(),
    };
    for size in sizes {
        metas.extend(read(size.into())?.filter(|meta| meta.page_bytes == size));
    }
    metas.into_iter().max_by_key(|meta| meta.txid).ok_or(BoltError::NotBolt)
}

fn is_sensible(meta: &Meta) -> bool {
    PAGE_BYTES_RANGE.contains(&meta.page_bytes) && meta.page_bytes.is_power_of_two()
}

/// Pages that were read, a bit each: no page is read twice, whatever the file says.
#[derive(Debug)]
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// For a file of so many pages, which it has.
    pub(super) fn new(pages: u64) -> Self {
        Self(vec![0; usize::try_from(pages.div_ceil(64)).unwrap_or(0)])
    }

    /// Marks a run of pages. Answers whether none was marked before.
    fn mark(&mut self, first: u64, count: u64) -> bool {
        (first..first + count).all(|page| {
            let Some(word) = usize::try_from(page / 64).ok().and_then(|word| self.0.get_mut(word)) else {
                return false;
            };
            let bit = 1 << (page % 64);
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        })
    }
}
