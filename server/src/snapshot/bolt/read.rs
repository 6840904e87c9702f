//! Reading a file that may have been cut or altered: every number in it is checked before it is used.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::error::BoltError;
use super::format::{BUCKET_BYTES, LEAF, PageHeader, u64_at};
use super::page::Page;
use super::source::{ReadAt, Seen, Source};

/// An open file. A value is not checked by anything in it: that is what the sum behind a snapshot is for.
#[derive(Debug)]
pub(crate) struct BoltReader<R> {
    source: Source<R>,
    buckets: BTreeMap<Bytes, Root>,
}

/// Where a bucket begins.
#[derive(Clone, Debug)]
enum Root {
    Page(u64),
    /// Within its own entry, in the page of this number.
    Inline(u64, Bytes),
}

/// The entries of a bucket in order. Holds a page of each level.
#[derive(Debug)]
pub(crate) struct Entries<'a, R> {
    source: &'a Source<R>,
    seen: Seen,
    /// Pages still to be read, the next one last, for each level.
    levels: Vec<Vec<u64>>,
    leaf: Option<(Page, usize)>,
    last: Bytes,
}

/// etcd has ten.
const MAX_BUCKETS: usize = 1000;
/// Branches have at least two children, so that no tree is near it.
const MAX_DEPTH: usize = 40;

impl<R: ReadAt> BoltReader<R> {
    /// Opens a file of which `len` bytes are the database.
    pub(crate) fn open(file: R, len: u64) -> Result<Self, BoltError> {
        let source = Source::open(file, len)?;
        let root = source.meta.root;
        let mut buckets = BTreeMap::new();
        let mut entries = Entries::new(&source, Root::Page(root))?;
        while let Some((page, is_bucket, name, bucket)) = entries.next_of_any_kind()? {
            let damaged = |what| BoltError::Damaged { page, what };
            if !is_bucket {
                return Err(damaged("has a value beside the buckets"));
            }
            let root = match u64_at(&bucket, 0) {
                Some(0) if bucket.len() > BUCKET_BYTES => Root::Inline(page, bucket.slice(BUCKET_BYTES..)),
                Some(root) => Root::Page(root),
                None => return Err(damaged("has a bucket that is cut short")),
            };
            buckets.insert(name, root);
            if buckets.len() > MAX_BUCKETS {
                return Err(damaged("has more buckets than any etcd"));
            }
        }
        Ok(Self { source, buckets })
    }

    /// The entries of a bucket; none if there is no such bucket.
    pub(crate) fn bucket(&self, name: &str) -> Result<Option<Entries<'_, R>>, BoltError> {
        let root = self.buckets.get(name.as_bytes());
        root.map(|root| Entries::new(&self.source, root.clone())).transpose()
    }
}

impl<'a, R: ReadAt> Entries<'a, R> {
    fn new(source: &'a Source<R>, root: Root) -> Result<Self, BoltError> {
        let seen = Seen::new(source.meta.pages);
        let (levels, leaf) = match root {
            Root::Page(root) => (vec![vec![root]], None),
            Root::Inline(page, content) => {
                let is_leaf = PageHeader::decode(&content).is_some_and(|header| header.kind == LEAF);
                let leaf = Page::new(page, content)?;
                if !is_leaf {
                    return Err(leaf.damaged("has a bucket of the wrong kind"));
                }
                (Vec::new(), Some((leaf, 0)))
            }
        };
        Ok(Self { source, seen, levels, leaf, last: Bytes::new() })
    }

    /// The next key and its value.
    pub(crate) fn next(&mut self) -> Result<Option<(Bytes, Bytes)>, BoltError> {
        match self.next_of_any_kind()? {
            Some((page, true, ..)) => Err(BoltError::Damaged { page, what: "has a bucket within a bucket" }),
            Some((_, false, key, value)) => Ok(Some((key, value))),
            None => Ok(None),
        }
    }

    /// The page, whether it is a bucket, its key and value.
    fn next_of_any_kind(&mut self) -> Result<Option<(u64, bool, Bytes, Bytes)>, BoltError> {
        loop {
            if let Some((leaf, next)) = &mut self.leaf {
                if *next < leaf.count() {
                    let entry = leaf.leaf_entry(*next)?;
                    *next += 1;
                    // No key is empty, so the first one is above.
                    if entry.key <= self.last {
                        return Err(leaf.damaged("has keys out of order"));
                    }
                    self.last = entry.key.clone();
                    return Ok(Some((leaf.id(), entry.is_bucket, entry.key, entry.value)));
                }
                self.leaf = None;
            }
            if !self.descend()? {
                return Ok(None);
            }
        }
    }

    /// Goes to the next leaf. Answers whether there is one.
    fn descend(&mut self) -> Result<bool, BoltError> {
        while let Some(level) = self.levels.last_mut() {
            let Some(id) = level.pop() else {
                self.levels.pop();
                continue;
            };
            let page = self.source.page(id, &mut self.seen)?;
            if !page.is_branch() {
                self.leaf = Some((page, 0));
                return Ok(true);
            }
            if self.levels.len() > MAX_DEPTH {
                return Err(page.damaged("is deeper than any tree of etcd's"));
            }
            let mut children = page.children()?;
            children.reverse();
            self.levels.push(children);
        }
        Ok(false)
    }
}
