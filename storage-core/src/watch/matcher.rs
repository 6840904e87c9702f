//! Which watchers want a key.

use std::collections::HashMap;

use super::interval::IntervalTree;
use super::slab::{Handle, Slab};
use super::watcher::WatcherRef;
use crate::key_range::KeyRange;
use crate::types::Key;

/// The watchers by the range that they watch. A range that many watch is kept once.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    topics: Slab<Topic>,
    keys: HashMap<Key, Handle<Topic>>,
    ranges: IntervalTree<Handle<Topic>>,
}

#[derive(Debug)]
struct Topic {
    range: KeyRange,
    watchers: Vec<WatcherRef>,
}

/// Where in a [`Matcher`] a watcher is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    topic: Handle<Topic>,
    place: usize,
}

impl Matcher {
    pub(super) fn insert(&mut self, range: &KeyRange, watcher: WatcherRef) -> Seat {
        let topic = self.find(range).unwrap_or_else(|| self.add(range.clone()));
        let watchers = &mut self.topics[topic].watchers;
        watchers.push(watcher);
        Seat { topic, place: watchers.len() - 1 }
    }

    /// Takes the watcher at `seat` out. If that gave its seat to another watcher, returns which.
    pub(super) fn remove(&mut self, seat: Seat) -> Option<WatcherRef> {
        let watchers = &mut self.topics[seat.topic].watchers;
        watchers.swap_remove(seat.place);
        if watchers.is_empty() {
            let topic = self.topics.remove(seat.topic).expect("a seat's topic is there");
            match topic.range.as_single() {
                Some(key) => drop(self.keys.remove(key)),
                None => self.ranges.remove(&topic.range),
            }
            return None;
        }
        watchers.get(seat.place).copied()
    }

    pub(super) fn range(&self, seat: Seat) -> &KeyRange {
        &self.topics[seat.topic].range
    }

    /// Calls `matched` with each watcher whose range holds `key`.
    pub(super) fn each(&self, key: &[u8], mut matched: impl FnMut(WatcherRef)) {
        let mut topic = |topic: Handle<Topic>| self.topics[topic].watchers.iter().copied().for_each(&mut matched);
        if let Some(exact) = self.keys.get(key) {
            topic(*exact);
        }
        self.ranges.stab(key, &mut topic);
    }

    fn find(&self, range: &KeyRange) -> Option<Handle<Topic>> {
        match range.as_single() {
            Some(key) => self.keys.get(key).copied(),
            None => self.ranges.get(range),
        }
    }

    fn add(&mut self, range: KeyRange) -> Handle<Topic> {
        let topic = self.topics.insert(Topic { range: range.clone(), watchers: Vec::new() });
        match range.as_single() {
            Some(key) => drop(self.keys.insert(key.clone(), topic)),
            None => self.ranges.insert(range, topic),
        }
        topic
    }
}
