//! An ordered tree of keys that counts the live ones below every node.

use std::ops::ControlFlow;

use super::entry::Entry;
use crate::types::{Key, VersionMeta};

/// Entries of a leaf and children of a branch.
const NODE_MAX: usize = 64;
/// Below this a node looks for a neighbour to join.
const NODE_MIN: usize = NODE_MAX / 4;

/// A B+ tree of [`Entry`]s. Every branch knows how many live keys each child holds, so the rank of a key, and with it the
/// count of a range, is found in one descent. Example of two levels, with `NODE_MAX` 2 and tombstones in parentheses:
///
/// ```text
///            [ a: 2 | c: 1 ]           rank(d) = 2 + 1
///            /             \
///      { a, b }          { c, (d) }
/// ```
#[derive(Debug)]
pub(crate) struct Tree {
    root: Node,
    live: usize,
    len: usize,
}

#[derive(Debug)]
enum Node {
    Leaf(Vec<Entry>),
    Branch(Vec<Child>),
}

#[derive(Debug)]
struct Child {
    /// No key of `node` is below it; every key of the child before is. The first child of a branch may hold lower keys.
    first: Key,
    live: usize,
    node: Node,
}

/// What a change did to a subtree.
struct Change<T> {
    result: T,
    live: isize,
    len: isize,
}

impl Default for Tree {
    fn default() -> Self {
        Self { root: Node::Leaf(Vec::new()), live: 0, len: 0 }
    }
}

impl Tree {
    /// Number of keys, those included of which only a tombstone is left.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Number of keys whose last version is not a tombstone.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Branch(children) => node = &children[child_of(children, key)].node,
                Node::Leaf(entries) => return position(entries, key).ok().map(|i| &entries[i]),
            }
        }
    }

    /// Adds a version of `key`. Answers the version before it and the key as the tree holds it.
    pub(crate) fn push(&mut self, key: &Key, meta: VersionMeta) -> (Option<VersionMeta>, Key) {
        let (change, split) = self.root.push(key, meta);
        self.live = self.live.strict_add_signed(change.live);
        self.len = self.len.strict_add_signed(change.len);
        if let Some(right) = split {
            let left = std::mem::replace(&mut self.root, Node::Branch(Vec::new()));
            let left = Child { first: left.first_key(), live: self.live - right.live, node: left };
            self.root = Node::Branch(vec![left, right]);
        }
        change.result
    }

    /// Lets `edit` change the entry of `key`, which is removed if `edit` answers false.
    pub(crate) fn edit(&mut self, key: &[u8], edit: impl FnOnce(&mut Entry) -> bool) {
        let change = self.root.edit(key, edit);
        self.live = self.live.strict_add_signed(change.live);
        self.len = self.len.strict_add_signed(change.len);
        while let Node::Branch(children) = &mut self.root {
            match children.len() {
                0 => self.root = Node::Leaf(Vec::new()),
                1 => self.root = children.pop().expect("there is one").node,
                _ => break,
            }
        }
    }

    /// How many live keys are below `key`.
    pub(crate) fn rank(&self, key: &[u8]) -> usize {
        let mut node = &self.root;
        let mut before = 0;
        loop {
            match node {
                Node::Branch(children) => {
                    let i = child_of(children, key);
                    before += children[..i].iter().map(|c| c.live).sum::<usize>();
                    node = &children[i].node;
                }
                Node::Leaf(entries) => {
                    let end = position(entries, key).unwrap_or_else(|i| i);
                    return before + entries[..end].iter().filter(|e| e.is_live()).count();
                }
            }
        }
    }

    /// Calls `visit` with the entries from `start` on, in order, until it breaks.
    pub(crate) fn visit_from<'a>(&'a self, start: &[u8], visit: &mut dyn FnMut(&'a Entry) -> ControlFlow<()>) {
        let _ = self.root.visit_from(start, visit);
    }
}

/// The child that holds `key` if any does.
fn child_of(children: &[Child], key: &[u8]) -> usize {
    children.partition_point(|c| c.first.as_bytes() <= key).saturating_sub(1)
}

fn position(entries: &[Entry], key: &[u8]) -> Result<usize, usize> {
    entries.binary_search_by(|e| e.key.as_bytes().cmp(key))
}

fn live_count(entry: &Entry) -> isize {
    isize::from(entry.is_live())
}

impl Node {
    fn push(&mut self, key: &Key, meta: VersionMeta) -> (Change<(Option<VersionMeta>, Key)>, Option<Child>) {
        match self {
            Self::Leaf(entries) => push_leaf(entries, key, meta),
            Self::Branch(children) => {
                let i = child_of(children, key);
                let child = &mut children[i];
                let (change, split) = child.node.push(key, meta);
                child.live = child.live.strict_add_signed(change.live);
                if let Some(right) = split {
                    child.live -= right.live;
                    children.insert(i + 1, right);
                }
                let split = (children.len() > NODE_MAX).then(|| {
                    let right = children.split_off(split_point(children.len(), i + 1));
                    let live = right.iter().map(|c| c.live).sum();
                    Child { first: right[0].first.clone(), live, node: Self::Branch(right) }
                });
                (change, split)
            }
        }
    }

    fn edit(&mut self, key: &[u8], edit: impl FnOnce(&mut Entry) -> bool) -> Change<()> {
        match self {
            Self::Leaf(entries) => edit_leaf(entries, key, edit),
            Self::Branch(children) => {
                let i = child_of(children, key);
                let child = &mut children[i];
                let change = child.node.edit(key, edit);
                child.live = child.live.strict_add_signed(change.live);
                if child.node.size() == 0 {
                    children.remove(i);
                } else if child.node.size() < NODE_MIN {
                    join_neighbours(children, i);
                }
                change
            }
        }
    }

    fn visit_from<'a>(&'a self, start: &[u8], visit: &mut dyn FnMut(&'a Entry) -> ControlFlow<()>) -> ControlFlow<()> {
        match self {
            Self::Leaf(entries) => {
                let from = position(entries, start).unwrap_or_else(|i| i);
                entries[from..].iter().try_for_each(visit)
            }
            Self::Branch(children) => {
                let from = child_of(children, start);
                children[from..].iter().try_for_each(|c| c.node.visit_from(start, visit))
            }
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Branch(children) => children.len(),
        }
    }

    fn first_key(&self) -> Key {
        match self {
            Self::Leaf(entries) => entries[0].key.clone(),
            Self::Branch(children) => children[0].first.clone(),
        }
    }
}

fn push_leaf(
    entries: &mut Vec<Entry>,
    key: &Key,
    meta: VersionMeta,
) -> (Change<(Option<VersionMeta>, Key)>, Option<Child>) {
    match position(entries, key) {
        Ok(i) => {
            let was = live_count(&entries[i]);
            let before = entries[i].push(meta);
            let live = live_count(&entries[i]) - was;
            (Change { result: (Some(before), entries[i].key.clone()), live, len: 0 }, None)
        }
        Err(i) => {
            entries.insert(i, Entry::new(key.clone(), meta));
            let live = live_count(&entries[i]);
            let split = (entries.len() > NODE_MAX).then(|| {
                let right = entries.split_off(split_point(entries.len(), i));
                let live = right.iter().filter(|e| e.is_live()).count();
                Child { first: right[0].key.clone(), live, node: Node::Leaf(right) }
            });
            (Change { result: (None, key.clone()), live, len: 1 }, split)
        }
    }
}

fn edit_leaf(entries: &mut Vec<Entry>, key: &[u8], edit: impl FnOnce(&mut Entry) -> bool) -> Change<()> {
    let Ok(i) = position(entries, key) else { return Change { result: (), live: 0, len: 0 } };
    let was = live_count(&entries[i]);
    if edit(&mut entries[i]) {
        return Change { result: (), live: live_count(&entries[i]) - was, len: 0 };
    }
    entries.remove(i);
    Change { result: (), live: -was, len: -1 }
}

/// Where to cut a node of `len` items after an insertion at `at`: in the middle, but at the end for keys that arrive in
/// ascending order, which would otherwise leave every node half empty.
fn split_point(len: usize, at: usize) -> usize {
    if at + 1 == len { len - 1 } else { len / 2 }
}

/// Joins the small child `i` with a neighbour where both fit in one node with room to grow.
fn join_neighbours(children: &mut Vec<Child>, i: usize) {
    let left = if i > 0 { i - 1 } else { i };
    let Some(right) = children.get(left + 1) else { return };
    if children[left].node.size() + right.node.size() > NODE_MAX * 3 / 4 {
        return;
    }
    let right = children.remove(left + 1);
    let left = &mut children[left];
    left.live += right.live;
    match (&mut left.node, right.node) {
        (Node::Leaf(a), Node::Leaf(b)) => a.extend(b),
        (Node::Branch(a), Node::Branch(mut b)) => {
            // The child that was first in its branch took every key below it, and so may hold keys below its own `first`.
            b[0].first = right.first;
            a.extend(b);
        }
        _ => unreachable!("children of one branch are of one height"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::types::{LeaseId, Revision, Sub, VersionId};

    fn meta(revision: i64, live: bool) -> VersionMeta {
        let id = VersionId { revision: Revision(revision), sub: Sub(0) };
        if live { VersionMeta::put(id, Revision(1), 1, LeaseId::NONE, 0) } else { VersionMeta::tombstone(id) }
    }

    fn key(n: u16) -> Key {
        n.to_be_bytes().as_slice().into()
    }

    fn check(tree: &Tree, model: &BTreeMap<Key, bool>) {
        let mut seen = Vec::new();
        tree.visit_from(b"", &mut |e| {
            seen.push((e.key.clone(), e.is_live()));
            ControlFlow::Continue(())
        });
        assert_eq!(seen, model.iter().map(|(k, v)| (k.clone(), *v)).collect::<Vec<_>>());
        assert_eq!(tree.len(), model.len());
        assert_eq!(tree.live(), model.values().filter(|v| **v).count());
        for probe in (0..2000).step_by(97) {
            let expected = model.range(..key(probe)).filter(|(_, v)| **v).count();
            assert_eq!(tree.rank(&key(probe)), expected);
        }
    }

    proptest! {
        #[test]
        fn order_and_counts_match_a_btree_map(ops in proptest::collection::vec((0u16..2000, 0u8..4), 1..3000)) {
            let (mut tree, mut model) = (Tree::default(), BTreeMap::new());
            for (revision, (n, op)) in (1i64..).zip(ops) {
                match op {
                    0 | 1 => { tree.push(&key(n), meta(revision, true)); model.insert(key(n), true); }
                    2 => { tree.push(&key(n), meta(revision, false)); model.insert(key(n), false); }
                    _ => { tree.edit(&key(n), |_| false); model.remove(&key(n)); }
                }
            }
            check(&tree, &model);
        }
    }

    #[test]
    fn ascending_keys_fill_their_leaves_and_removal_empties_the_tree() {
        let (mut tree, mut model) = (Tree::default(), BTreeMap::new());
        for n in 0..2000 {
            tree.push(&key(n), meta(2, true));
            model.insert(key(n), true);
        }
        check(&tree, &model);
        for n in 0..2000 {
            tree.edit(&key(n), |_| false);
        }
        check(&tree, &BTreeMap::new());
    }

    #[test]
    fn a_key_below_all_others_of_its_branch_is_found_after_the_branch_joins_another() {
        let mut tree = Tree::default();
        for n in 0..10_000 {
            tree.push(&key(2 * n), meta(2, true));
        }
        // Ascending keys fill nodes, so this is where the second branch begins. Its first leaf goes, a key takes its place.
        let begin = 64 * 64;
        for n in begin..begin + 64 {
            tree.edit(&key(2 * n), |_| false);
        }
        let low = key(2 * begin + 1);
        tree.push(&low, meta(3, true));
        // Little is left of either branch, and they become one.
        for n in (100..begin).chain(begin + 100..10_000) {
            tree.edit(&key(2 * n), |_| false);
        }
        assert!(tree.get(&low).is_some());
    }
}
