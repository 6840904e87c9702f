//! Which of many ranges hold a key.

use std::hash::{BuildHasher as _, RandomState};

use super::slab::{Handle, Slab};
use crate::key_range::{KeyRange, RangeEnd};

/// Distinct ranges, each with a value, that answers which of them hold a key in `O(log n)` for each one found.
///
/// A treap ordered by range (start, then end), whose nodes know the greatest end below them: a subtree whose greatest
/// end is at or below the key holds nothing, and neither does what begins behind the key. Take `[a,z) [b,c) [d,f)` with `[b,c)` on
/// top: for the key `e` the left side is searched, because `z` lies behind `e`, and so is the right side; for `y` the right
/// side, which ends at `f`, is not. Every range is in one node, however the ranges nest.
#[derive(Debug)]
pub(super) struct IntervalTree<V> {
    nodes: Slab<Node<V>>,
    root: Link<V>,
    /// Decides the shape, so that no client can choose ranges that make a list of the tree.
    priorities: RandomState,
    inserted: u64,
}

type Link<V> = Option<Handle<Node<V>>>;

#[derive(Debug)]
struct Node<V> {
    range: KeyRange,
    value: V,
    priority: u64,
    left: Link<V>,
    right: Link<V>,
    /// The node with the greatest end in this subtree; `None` only before the first update.
    furthest: Link<V>,
}

impl<V> Default for IntervalTree<V> {
    fn default() -> Self {
        Self { nodes: Slab::default(), root: None, priorities: RandomState::new(), inserted: 0 }
    }
}

impl<V: Copy> IntervalTree<V> {
    pub(super) fn get(&self, range: &KeyRange) -> Option<V> {
        let mut link = self.root;
        while let Some(at) = link {
            let node = &self.nodes[at];
            link = match range.cmp(&node.range) {
                std::cmp::Ordering::Less => node.left,
                std::cmp::Ordering::Equal => return Some(node.value),
                std::cmp::Ordering::Greater => node.right,
            };
        }
        None
    }

    /// Adds a range that is not a single key, nor in the tree.
    pub(super) fn insert(&mut self, range: KeyRange, value: V) {
        self.inserted += 1;
        let priority = self.priorities.hash_one(self.inserted);
        let (below, above) = self.split(self.root, &range);
        let node = self.nodes.insert(Node { range, value, priority, left: None, right: None, furthest: None });
        self.update(node);
        let upper = self.merge(Some(node), above);
        self.root = self.merge(below, upper);
    }

    pub(super) fn remove(&mut self, range: &KeyRange) {
        self.root = self.remove_below(self.root, range);
    }

    /// Calls `found` with the value of each range that holds `key`, in order of the ranges.
    pub(super) fn stab(&self, key: &[u8], found: &mut impl FnMut(V)) {
        self.stab_below(self.root, key, found);
    }

    fn stab_below(&self, link: Link<V>, key: &[u8], found: &mut impl FnMut(V)) {
        let Some(node) = link.map(|at| &self.nodes[at]) else { return };
        if !ends_behind(self.furthest_end(node), key) {
            return;
        }
        self.stab_below(node.left, key, found);
        if node.range.start().as_bytes() > key {
            return;
        }
        if ends_behind(node.range.end(), key) {
            found(node.value);
        }
        self.stab_below(node.right, key, found);
    }

    /// Parts a subtree into what is below `range` and what is not.
    fn split(&mut self, link: Link<V>, range: &KeyRange) -> (Link<V>, Link<V>) {
        let Some(at) = link else { return (None, None) };
        let parts = if self.nodes[at].range < *range {
            let (below, above) = self.split(self.nodes[at].right, range);
            self.nodes[at].right = below;
            (Some(at), above)
        } else {
            let (below, above) = self.split(self.nodes[at].left, range);
            self.nodes[at].left = above;
            (below, Some(at))
        };
        self.update(at);
        parts
    }

    /// Joins two subtrees, the first of which lies wholly below the second.
    fn merge(&mut self, below: Link<V>, above: Link<V>) -> Link<V> {
        let (Some(low), Some(high)) = (below, above) else { return below.or(above) };
        let top = if self.nodes[low].priority > self.nodes[high].priority {
            self.nodes[low].right = self.merge(self.nodes[low].right, above);
            low
        } else {
            self.nodes[high].left = self.merge(below, self.nodes[high].left);
            high
        };
        self.update(top);
        Some(top)
    }

    fn remove_below(&mut self, link: Link<V>, range: &KeyRange) -> Link<V> {
        let at = link?;
        match range.cmp(&self.nodes[at].range) {
            std::cmp::Ordering::Less => self.nodes[at].left = self.remove_below(self.nodes[at].left, range),
            std::cmp::Ordering::Greater => self.nodes[at].right = self.remove_below(self.nodes[at].right, range),
            std::cmp::Ordering::Equal => {
                let node = self.nodes.remove(at).expect("the tree links to nodes it has");
                return self.merge(node.left, node.right);
            }
        }
        self.update(at);
        Some(at)
    }

    fn update(&mut self, at: Handle<Node<V>>) {
        let node = &self.nodes[at];
        let below = [node.left, node.right].into_iter().flatten();
        let furthest = below
            .filter_map(|child| self.nodes[child].furthest)
            .fold(at, |best, other| if self.end(other) > self.end(best) { other } else { best });
        self.nodes[at].furthest = Some(furthest);
    }

    fn end(&self, at: Handle<Node<V>>) -> &RangeEnd {
        self.nodes[at].range.end()
    }

    fn furthest_end(&self, node: &Node<V>) -> &RangeEnd {
        self.end(node.furthest.expect("a node in the tree was updated"))
    }
}

fn ends_behind(end: &RangeEnd, key: &[u8]) -> bool {
    match end {
        RangeEnd::Single => false,
        RangeEnd::Before(end) => end.as_bytes() > key,
        RangeEnd::Open => true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn found(tree: &IntervalTree<u32>, key: &[u8]) -> Vec<u32> {
        let mut values = Vec::new();
        tree.stab(key, &mut |value| values.push(value));
        values
    }

    fn any_range() -> impl Strategy<Value = KeyRange> {
        let key = || proptest::collection::vec(0u8..4, 0..3);
        let end = prop_oneof![3 => key().prop_filter("an end", |k| !k.is_empty()), 1 => Just(vec![0])];
        (key(), end).prop_map(|(start, end)| KeyRange::new(&start, &end))
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_a_plain_list_finds(
            steps in proptest::collection::vec((any_range(), any::<bool>()), 1..80),
            keys in proptest::collection::vec(proptest::collection::vec(0u8..4, 0..4), 1..20),
        ) {
            let mut tree = IntervalTree::default();
            let mut list = BTreeMap::new();
            for (number, (range, remove)) in (0u32..).zip(steps) {
                if remove {
                    tree.remove(&range);
                    list.remove(&range);
                } else if tree.get(&range).is_none() {
                    tree.insert(range.clone(), number);
                    list.insert(range.clone(), number);
                }
                prop_assert_eq!(tree.get(&range), list.get(&range).copied());
                for key in &keys {
                    let expected: Vec<_> = list.iter().filter(|(r, _)| r.contains(key)).map(|(_, v)| *v).collect();
                    prop_assert_eq!(found(&tree, key), expected);
                }
            }
        }
    }

    #[test]
    fn ten_thousand_nested_ranges_take_one_node_each() {
        let mut tree = IntervalTree::default();
        let bound = |n: u32| n.to_be_bytes();
        for n in 0..10_000 {
            tree.insert(KeyRange::new(&bound(n), &bound(100_000 - n)), n);
        }
        assert_eq!(tree.nodes.len(), 10_000);
        assert_eq!(found(&tree, &bound(4)), [0, 1, 2, 3, 4]);
    }
}
