//! Writing a file in one go: buckets one after the other, each with its entries in order.

use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom, Write};

use super::format::{BUCKET_BYTES, FREELIST, META, Meta, PAGE_BYTES, PAGE_HEADER_BYTES, PageHeader};
use super::tree::Tree;

/// Writes a bbolt file. Holds a few pages for each level of the tree being written, whatever the file's size.
#[derive(Debug)]
pub(crate) struct BoltWriter<W> {
    pages: Pages<W>,
    open: Option<(Vec<u8>, Tree)>,
    /// Root pages of the buckets that are done.
    roots: BTreeMap<Vec<u8>, u64>,
}

/// Where pages go, in ascending order.
#[derive(Debug)]
pub(super) struct Pages<W> {
    out: W,
    next: u64,
}

/// Behind the two meta pages, which are written last. No page is free, so it is empty.
const FREELIST_PAGE: u64 = 2;

impl<W: Write + Seek> BoltWriter<W> {
    /// A new file in `out`, which is empty. `out` should be buffered.
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&[0; PAGE_BYTES * FREELIST_PAGE as usize])?;
        let mut pages = Pages { out, next: FREELIST_PAGE };
        pages.write(FREELIST, 0, &[], &[])?;
        Ok(Self { pages, open: None, roots: BTreeMap::new() })
    }

    /// Begins a bucket. The one before is done.
    pub(crate) fn begin_bucket(&mut self, name: &str) -> io::Result<()> {
        self.end_bucket()?;
        self.open = Some((name.into(), Tree::default()));
        Ok(())
    }

    /// Adds an entry to the bucket that was begun last. Keys must ascend, and none is empty.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> io::Result<()> {
        let (_, tree) = self.open.as_mut().ok_or_else(|| io::Error::other("no bucket was begun"))?;
        tree.put(&mut self.pages, key, value)
    }

    fn end_bucket(&mut self) -> io::Result<()> {
        if let Some((name, tree)) = self.open.take() {
            let root = tree.finish(&mut self.pages)?;
            self.roots.insert(name, root);
        }
        Ok(())
    }

    /// Ends the file. Answers `out`, and how many bytes it has.
    pub(crate) fn finish(mut self) -> io::Result<(W, u64)> {
        self.end_bucket()?;
        let mut buckets = Tree::default();
        for (name, root) in std::mem::take(&mut self.roots) {
            let mut bucket = vec![0; BUCKET_BYTES];
            bucket[..8].copy_from_slice(&root.to_le_bytes());
            buckets.put_bucket(&mut self.pages, name, bucket)?;
        }
        let root = buckets.finish(&mut self.pages)?;
        let Pages { mut out, next: pages } = self.pages;
        out.seek(SeekFrom::Start(0))?;
        for id in 0..FREELIST_PAGE {
            // As bbolt does when it copies a file: page 0 holds the newer one.
            let txid = FREELIST_PAGE - id;
            let meta = Meta { page_bytes: PAGE_BYTES as u32, root, freelist: FREELIST_PAGE, pages, txid };
            let mut page = [0; PAGE_BYTES];
            page[..PAGE_HEADER_BYTES].copy_from_slice(&PageHeader { id, kind: META, count: 0, overflow: 0 }.encode());
            page[PAGE_HEADER_BYTES..PAGE_HEADER_BYTES + Meta::BYTES].copy_from_slice(&meta.encode());
            out.write_all(&page)?;
        }
        out.flush()?;
        Ok((out, pages * PAGE_BYTES as u64))
    }
}

impl<W: Write> Pages<W> {
    /// Writes a page and as many behind it as its content needs. Answers its number.
    pub(super) fn write(&mut self, kind: u16, count: usize, entries: &[u8], data: &[u8]) -> io::Result<u64> {
        let used = PAGE_HEADER_BYTES + entries.len() + data.len();
        let pages = used.div_ceil(PAGE_BYTES);
        let too_large = |_| io::Error::other("an entry is too large for the format");
        let count = u16::try_from(count).map_err(too_large)?;
        let overflow = u32::try_from(pages - 1).map_err(too_large)?;
        let id = self.next;
        self.out.write_all(&PageHeader { id, kind, count, overflow }.encode())?;
        self.out.write_all(entries)?;
        self.out.write_all(data)?;
        let padding = [0; PAGE_BYTES];
        self.out.write_all(&padding[..pages * PAGE_BYTES - used])?;
        self.next += pages as u64;
        Ok(id)
    }
}
