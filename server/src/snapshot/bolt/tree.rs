//! A B+ tree built from the left to the right, each page written once.

use std::io::{self, Write};

use super::format::{BRANCH, BUCKET, ENTRY_BYTES, LEAF, PAGE_BYTES, PAGE_HEADER_BYTES};
use super::write::Pages;

/// The right edge of a tree in the making: a node of each level, the leaf first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    leaf: Node,
    last: Option<Vec<u8>>,
    branches: Vec<Branch>,
}

/// A level of branches. The node before the open one waits, so that the last one of the level need not have a single child: bbolt
/// panics when it changes such a tree.
#[derive(Debug, Default)]
struct Branch {
    full: Option<Node>,
    open: Node,
}

/// A page in the making.
#[derive(Debug, Default)]
struct Node {
    entries: Vec<Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    /// Of a leaf's entry.
    flags: u32,
    key: Vec<u8>,
    /// Empty in a branch.
    value: Vec<u8>,
    /// Of a branch's entry.
    child: u64,
}

/// A branch that gives one child away still has two.
const MIN_FULL_CHILDREN: usize = 3;
const MIN_CHILDREN: usize = 2;

impl Tree {
    pub(super) fn put(&mut self, pages: &mut Pages<impl Write>, key: Vec<u8>, value: Vec<u8>) -> io::Result<()> {
        self.push(pages, Entry { flags: 0, key, value, child: 0 })
    }

    pub(super) fn put_bucket(
        &mut self,
        pages: &mut Pages<impl Write>,
        name: Vec<u8>,
        bucket: Vec<u8>,
    ) -> io::Result<()> {
        self.push(pages, Entry { flags: BUCKET, key: name, value: bucket, child: 0 })
    }

    fn push(&mut self, pages: &mut Pages<impl Write>, entry: Entry) -> io::Result<()> {
        if entry.key.is_empty() || self.last.as_ref().is_some_and(|last| *last >= entry.key) {
            return Err(io::Error::other("entries of a bucket are out of order"));
        }
        if !self.leaf.entries.is_empty() && self.leaf.is_full(&entry) {
            let leaf = std::mem::take(&mut self.leaf);
            let leaf = leaf.write(pages, LEAF)?;
            self.add(pages, 0, leaf)?;
        }
        self.last = Some(entry.key.clone());
        self.leaf.push(entry);
        Ok(())
    }

    /// Adds a child to the level of branches `level`.
    fn add(&mut self, pages: &mut Pages<impl Write>, mut level: usize, mut child: Entry) -> io::Result<()> {
        loop {
            if level == self.branches.len() {
                self.branches.push(Branch::default());
            }
            let branch = &mut self.branches[level];
            if branch.open.entries.len() < MIN_FULL_CHILDREN || !branch.open.is_full(&child) {
                branch.open.push(child);
                return Ok(());
            }
            let filled = std::mem::take(&mut branch.open);
            branch.open.push(child);
            let Some(full) = branch.full.replace(filled) else { return Ok(()) };
            child = full.write(pages, BRANCH)?;
            level += 1;
        }
    }

    /// Writes what is left. Answers the root page.
    pub(super) fn finish(mut self, pages: &mut Pages<impl Write>) -> io::Result<u64> {
        let mut top = std::mem::take(&mut self.leaf).write(pages, LEAF)?;
        let mut level = 0;
        while level < self.branches.len() {
            self.add(pages, level, top)?;
            let Branch { full, mut open } = std::mem::take(&mut self.branches[level]);
            if let Some(mut full) = full {
                open.take_from(&mut full, MIN_CHILDREN);
                let full = full.write(pages, BRANCH)?;
                self.add(pages, level + 1, full)?;
            }
            top = open.write(pages, BRANCH)?;
            level += 1;
        }
        Ok(top.child)
    }
}

impl Node {
    fn is_full(&self, next: &Entry) -> bool {
        PAGE_HEADER_BYTES + self.bytes + next.bytes() > PAGE_BYTES
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push(entry);
    }

    /// Fills up to `count` entries from the end of the node to the left.
    fn take_from(&mut self, left: &mut Self, count: usize) {
        while self.entries.len() < count {
            let Some(entry) = left.entries.pop() else { return };
            left.bytes -= entry.bytes();
            self.bytes += entry.bytes();
            self.entries.insert(0, entry);
        }
    }

    /// Writes the page. Answers the entry of the branch above.
    fn write(self, pages: &mut Pages<impl Write>, kind: u16) -> io::Result<Entry> {
        let heads_bytes = self.entries.len() * ENTRY_BYTES;
        let mut heads = Vec::with_capacity(heads_bytes);
        let mut data = Vec::with_capacity(self.bytes - heads_bytes);
        for entry in &self.entries {
            let distance = length(heads_bytes - heads.len() + data.len())?;
            let key = length(entry.key.len())?;
            if kind == LEAF {
                for field in [entry.flags, distance, key, length(entry.value.len())?] {
                    heads.extend_from_slice(&field.to_le_bytes());
                }
            } else {
                heads.extend_from_slice(&distance.to_le_bytes());
                heads.extend_from_slice(&key.to_le_bytes());
                heads.extend_from_slice(&entry.child.to_le_bytes());
            }
            data.extend_from_slice(&entry.key);
            data.extend_from_slice(&entry.value);
        }
        let child = pages.write(kind, self.entries.len(), &heads, &data)?;
        let key = self.entries.into_iter().next().map(|first| first.key).unwrap_or_default();
        Ok(Entry { flags: 0, key, value: Vec::new(), child })
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.key.len() + self.value.len()
    }
}

fn length(bytes: usize) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| io::Error::other("an entry is too large for the format"))
}
