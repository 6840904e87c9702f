//! What the hub's lock guards, and how a published revision finds its watchers.

use std::sync::Arc;

use tokio::sync::Notify;

use super::matcher::Matcher;
use super::message::WatchStats;
use super::ring::Ring;
use super::slab::Slab;
use super::stream::{Stream, StreamRef};
use super::watcher::{Place, Watcher, WatcherRef};
use crate::event::{Event, RevisionEvents};
use crate::types::Revision;

/// A watcher with more revisions pending than this reads the ring from a cursor instead.
pub(super) const MAX_PENDING: usize = 256;

/// Everything about watches that changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ring: Ring,
    pub(super) matcher: Matcher,
    pub(super) watchers: Slab<Watcher>,
    pub(super) streams: Slab<Stream>,
    /// The store's revision: the last one published.
    pub(super) revision: Revision,
    pub(super) compact_revision: Revision,
    /// How many watchers want previous values.
    pub(super) prev_kv_watchers: usize,
    /// Revisions on the lists of synced watchers.
    pub(super) pending: usize,
    pub(super) counts: Counts,
    pub(super) closed: bool,
}

/// What is counted under the lock.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) fell_behind: u64,
    pub(super) replays: u64,
    pub(super) compacted: u64,
}

/// What is left to do once the lock is released.
#[derive(Debug, Default)]
pub(super) struct Afterwards {
    wakes: Vec<Arc<Notify>>,
    /// Dropped with this value.
    evicted: Vec<RevisionEvents>,
}

impl State {
    pub(super) fn new(ring_bytes: usize, revision: Revision, compact_revision: Revision) -> Self {
        Self {
            ring: Ring::new(ring_bytes, revision),
            matcher: Matcher::default(),
            watchers: Slab::default(),
            streams: Slab::default(),
            revision,
            compact_revision,
            prev_kv_watchers: 0,
            pending: 0,
            counts: Counts::default(),
            closed: false,
        }
    }

    pub(super) fn publish(&mut self, events: Vec<RevisionEvents>, revision: Revision) -> Afterwards {
        let mut afterwards = Afterwards::default();
        for events in events {
            for event in events.events.iter() {
                self.offer(event, &mut afterwards);
            }
            self.ring.push(events, &mut afterwards.evicted);
        }
        assert_eq!(self.ring.end(), revision.next(), "every revision up to the published one has events");
        self.revision = revision;
        afterwards
    }

    /// Notes an event with the watchers that are synced and want it.
    fn offer(&mut self, event: &Event, afterwards: &mut Afterwards) {
        let Self { matcher, watchers, streams, pending, counts, .. } = self;
        matcher.each(&event.key, |at| {
            let watcher = &mut watchers[at];
            if !watcher.wants(event) || event.meta.mod_revision() < watcher.start {
                return;
            }
            let stream = &mut streams[watcher.stream];
            let before = watcher.pending();
            watcher.note(at, event.meta.mod_revision(), stream);
            *pending = *pending + watcher.pending() - before;
            counts.fell_behind += u64::from(watcher.pending() < before);
            afterwards.wakes.extend(stream.reader_to_wake());
        });
    }

    /// Goes on at `revision`, with nothing of what lies between in memory: whoever was synced is behind now.
    pub(super) fn skip_to(&mut self, revision: Revision, compact_revision: Revision) -> Afterwards {
        let mut afterwards = Afterwards::default();
        let missed = self.revision.next();
        for (at, watcher) in self.watchers.iter_mut() {
            let Place::Synced { pending } = &watcher.place else { continue };
            let cursor = pending.front().copied().unwrap_or(missed).max(watcher.start);
            watcher.place = Place::Behind { cursor };
            let stream = &mut self.streams[watcher.stream];
            stream.behind.push_back(at);
            stream.lagging += 1;
            afterwards.wakes.extend(stream.reader_to_wake());
        }
        self.pending = 0;
        self.ring.restart(revision);
        self.revision = revision;
        self.compact_revision = self.compact_revision.max(compact_revision);
        afterwards
    }

    pub(super) fn close(&mut self) -> Afterwards {
        self.closed = true;
        let mut afterwards = Afterwards::default();
        for stream in self.streams.values() {
            stream.room.notify_waiters();
            afterwards.wakes.push(Arc::clone(&stream.wake));
        }
        afterwards
    }

    /// What wakes a stream's reader, and what tells that there is room for answers.
    pub(super) fn signals(&self, at: StreamRef) -> (Arc<Notify>, Arc<Notify>) {
        let stream = &self.streams[at];
        (Arc::clone(&stream.wake), Arc::clone(&stream.room))
    }

    pub(super) fn stats(&self) -> WatchStats {
        WatchStats {
            streams: self.streams.len(),
            watchers: self.watchers.len(),
            behind_watchers: self.streams.values().map(|stream| stream.lagging).sum(),
            pending: self.pending,
            events: self.counts.events,
            fell_behind: self.counts.fell_behind,
            replays: self.counts.replays,
            compacted: self.counts.compacted,
            ring_bytes: self.ring.bytes(),
            ring_revisions: self.ring.len(),
        }
    }
}

impl Watcher {
    /// Puts a revision on the pending list, or falls behind if the list is full.
    fn note(&mut self, at: WatcherRef, revision: Revision, stream: &mut Stream) {
        let Place::Synced { pending } = &mut self.place else { return };
        match pending.back() {
            None => stream.dirty.push_back(at),
            Some(last) if *last == revision => return,
            Some(_) if pending.len() == MAX_PENDING => {
                let cursor = pending[0];
                self.place = Place::Behind { cursor };
                stream.behind.push_back(at);
                stream.lagging += 1;
                return;
            }
            Some(_) => {}
        }
        pending.push_back(revision);
    }
}

impl Afterwards {
    /// Wakes the readers that were given something to read.
    pub(super) fn run(self) {
        for wake in &self.wakes {
            wake.notify_one();
        }
    }

    pub(super) fn wake(&mut self, wake: Option<Arc<Notify>>) {
        self.wakes.extend(wake);
    }
}
