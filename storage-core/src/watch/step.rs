//! What a stream's reader gets next.

use super::batch::Batch;
use super::catch_up::{Scan, Scanned};
use super::message::{CancelCause, WatchMessage};
use super::state::State;
use super::stream::StreamRef;
use super::watcher::{Place, WatcherRef};
use crate::event::Event;
use crate::types::Revision;

/// So many revisions of the ring are looked through under one hold of the lock.
const LOOKED_THROUGH_AT_ONCE: usize = 512;
/// A synced watcher keeps room for so many pending revisions.
const PENDING_KEPT: usize = 4;

/// What the reader of a stream does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Hand this out.
    Message(WatchMessage),
    /// Hand these events out, once they have the previous values they want.
    Events(WatcherRef, WatchMessage),
    /// Begin to read the backend.
    Scan(WatcherRef, Scan),
    /// Something moved; ask again.
    Again,
    /// Nothing to do; the stream's `wake` will tell.
    Idle,
    /// The hub is closed.
    Closed,
}

impl State {
    /// The next step of a stream. Answers come first, then events, with turns between those who catch up and those
    /// who are synced, then progress, for which nothing may be left to hand out.
    pub(super) fn step(&mut self, at: StreamRef, scanning: bool) -> Step {
        if self.closed {
            return Step::Closed;
        }
        let stream = &mut self.streams[at];
        stream.idle = false;
        if let Some(answer) = stream.next_answer() {
            return Step::Message(answer);
        }
        stream.behind_first = !stream.behind_first;
        let step = if stream.behind_first {
            self.step_behind(at, scanning).or_else(|| self.step_pending(at))
        } else {
            self.step_pending(at).or_else(|| self.step_behind(at, scanning))
        };
        step.or_else(|| self.step_due(at)).or_else(|| self.step_requested(at)).unwrap_or_else(|| {
            self.streams[at].idle = true;
            Step::Idle
        })
    }

    fn step_behind(&mut self, at: StreamRef, scanning: bool) -> Option<Step> {
        if !scanning && let Some(step) = self.step_far(at) {
            return Some(step);
        }
        self.step_ring(at)
    }

    /// Hands out what is pending for the next synced watcher.
    fn step_pending(&mut self, at: StreamRef) -> Option<Step> {
        let Self { streams, watchers, ring, matcher, pending: all_pending, counts, .. } = self;
        let stream = &mut streams[at];
        while let Some(next) = stream.dirty.pop_front() {
            let Some(watcher) = watchers.get_mut(next) else { continue };
            let (range, kinds) = (matcher.range(watcher.seat()), watcher.kinds);
            let Place::Synced { pending } = &mut watcher.place else { continue };
            let Some(&first) = pending.front() else { continue };
            if first < ring.begin() {
                *all_pending -= pending.len();
                counts.fell_behind += 1;
                watcher.place = Place::Behind { cursor: first };
                stream.lagging += 1;
                stream.far.push_back(next);
                return Some(Step::Again);
            }
            let mut batch = Batch::new(watcher.prev_kv);
            let mut revision = first;
            while !batch.is_full()
                && let Some(next) = pending.pop_front()
            {
                revision = next;
                *all_pending -= 1;
                let events = ring.get(revision).expect("what is pending lies behind the ring's begin");
                batch.add(events, |event| kinds.want(event.is_delete()) && range.contains(&event.key));
            }
            if pending.is_empty() {
                pending.shrink_to(PENDING_KEPT);
            } else {
                stream.dirty.push_back(next);
            }
            watcher.sent_since_tick = true;
            let events = batch.into_events();
            counts.events += events.len() as u64;
            let message = WatchMessage::Events { id: watcher.id, revision, prev_kv: watcher.prev_kv, events };
            return Some(Step::Events(next, message));
        }
        None
    }

    /// Looks through a part of the ring for the next watcher that is behind.
    fn step_ring(&mut self, at: StreamRef) -> Option<Step> {
        let Self { streams, watchers, ring, matcher, compact_revision, .. } = self;
        let stream = &mut streams[at];
        let next = stream.behind.pop_front()?;
        let Some(watcher) = watchers.get_mut(next) else { return Some(Step::Again) };
        let Some(mut cursor) = watcher.cursor() else { return Some(Step::Again) };
        if cursor < ring.begin() {
            stream.far.push_back(next);
            return Some(Step::Again);
        }
        let (range, kinds) = (matcher.range(watcher.seat()), watcher.kinds);
        // It was there before the compaction; what is still in memory is not kept from it.
        let slow = watcher.start < *compact_revision;
        let mut batch = Batch::new(watcher.prev_kv);
        for events in ring.iter_from(cursor).take(LOOKED_THROUGH_AT_ONCE) {
            let wanted = |event: &Event| kinds.want(event.is_delete()) && range.contains(&event.key);
            if cursor > *compact_revision || slow {
                batch.add(events, wanted);
            } else {
                batch.add(&events.without_prev(), wanted);
            }
            cursor = cursor.next();
            if batch.is_full() {
                break;
            }
        }
        Some(self.moved(next, cursor, batch))
    }

    /// Begins to read the backend for the next watcher that fell off the ring.
    fn step_far(&mut self, at: StreamRef) -> Option<Step> {
        let next = self.streams[at].far.pop_front()?;
        let Some(watcher) = self.watchers.get(next) else { return Some(Step::Again) };
        let Some(cursor) = watcher.cursor() else { return Some(Step::Again) };
        if cursor < self.compact_revision {
            self.end_compacted(next);
            return Some(Step::Again);
        }
        self.counts.replays += 1;
        let scan = Scan {
            range: self.matcher.range(watcher.seat()).clone(),
            kinds: watcher.kinds,
            prev_kv: watcher.prev_kv,
            cursor,
            compact_revision: self.compact_revision,
            through: self.revision,
        };
        Some(Step::Scan(next, scan))
    }

    /// Takes in what was read from the backend for a watcher, if it is still there.
    pub(super) fn scanned(&mut self, at: WatcherRef, scanned: Result<Scanned, String>) -> Step {
        let Some(cursor) = self.watchers.get(at).and_then(|watcher| watcher.cursor()) else { return Step::Again };
        if let Ok(Scanned { compact_revision, .. }) = scanned {
            self.compact_revision = self.compact_revision.max(compact_revision);
        }
        match scanned {
            Err(cause) => self.end(at, CancelCause::StorageFailed(cause)),
            // The compaction may have taken versions away before they were read.
            Ok(_) if cursor < self.compact_revision => self.end_compacted(at),
            Ok(Scanned { batch, cursor, .. }) => return self.moved(at, cursor, batch),
        }
        Step::Again
    }

    /// Moves a watcher that is behind on to `cursor`, and hands out what was found before it.
    fn moved(&mut self, at: WatcherRef, cursor: Revision, batch: Batch) -> Step {
        let watcher = &mut self.watchers[at];
        let stream = &mut self.streams[watcher.stream];
        if cursor == self.ring.end() {
            watcher.place = Place::synced();
            stream.lagging -= 1;
        } else {
            watcher.place = Place::Behind { cursor };
            stream.behind.push_back(at);
        }
        let events = batch.into_events();
        if events.is_empty() {
            return Step::Again;
        }
        watcher.sent_since_tick = true;
        self.counts.events += events.len() as u64;
        let (id, prev_kv, revision) = (watcher.id, watcher.prev_kv, self.revision);
        Step::Events(at, WatchMessage::Events { id, revision, prev_kv, events })
    }

    fn end_compacted(&mut self, at: WatcherRef) {
        self.counts.compacted += 1;
        self.end(at, CancelCause::Compacted { compact_revision: self.compact_revision });
    }

    /// Says the progress of the next watcher whose progress is due.
    fn step_due(&mut self, at: StreamRef) -> Option<Step> {
        while let Some(next) = self.streams[at].due.pop_front() {
            let Some(watcher) = self.watchers.get_mut(next) else { continue };
            watcher.progress_due = false;
            if watcher.is_up_to_date() {
                let message = WatchMessage::Progress { id: Some(watcher.id), revision: self.revision };
                return Some(Step::Message(message));
            }
        }
        None
    }

    /// Says the progress of all if that was asked for and nobody is behind. A watcher that waits for the future cannot
    /// be told of a revision before it, nor a stream without watchers of any: then the question goes unanswered, as in etcd.
    fn step_requested(&mut self, at: StreamRef) -> Option<Step> {
        let stream = &mut self.streams[at];
        if !stream.progress_requested || stream.lagging > 0 {
            return None;
        }
        stream.progress_requested = false;
        let (revision, next) = (self.revision, self.revision.next());
        let mut watchers = stream.ids.values().map(|watcher| &self.watchers[*watcher]);
        let sayable = !stream.ids.is_empty() && watchers.all(|watcher| watcher.start <= next);
        sayable.then_some(Step::Message(WatchMessage::Progress { id: None, revision }))
    }
}
