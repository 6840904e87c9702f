//! How watchers and streams come and go.

use super::message::{CancelCause, CreateFailure, WatchRequest};
use super::state::{Afterwards, State};
use super::stream::{Answer, MAX_ANSWERS, Stream, StreamRef};
use super::watcher::{Kinds, Place, Watcher, WatcherRef};
use crate::auth::AuthError;
use crate::key_range::KeyRange;
use crate::types::{Revision, WatchId};

/// So many watchers of a stream that ends are removed under one hold of the lock.
const REMOVED_AT_ONCE: usize = 256;
/// So many watchers are checked under one hold of the lock.
const CHECKED_AT_ONCE: usize = 256;

impl State {
    pub(super) fn add_stream(&mut self) -> StreamRef {
        self.streams.insert(Stream::default())
    }

    /// Removes a part of a stream; returns whether there is more.
    pub(super) fn remove_stream(&mut self, at: StreamRef) -> bool {
        let Some(stream) = self.streams.get(at) else { return false };
        let watchers: Vec<_> = stream.ids.values().copied().take(REMOVED_AT_ONCE).collect();
        for watcher in watchers {
            self.remove_watcher(watcher);
        }
        let more = !self.streams[at].ids.is_empty();
        if !more {
            let stream = self.streams.remove(at).expect("it was just there");
            stream.room.notify_waiters();
        }
        more
    }

    /// Makes a watcher, or not, and answers; `None` if the stream is gone.
    pub(super) fn create(&mut self, at: StreamRef, request: &WatchRequest) -> Option<Afterwards> {
        let revision = self.revision;
        let stream = self.streams.get_mut(at)?;
        match admit(stream, request) {
            Ok(id) => {
                stream.answers.push_back(Answer::Created(id, revision));
                self.admitted(at, id, request);
            }
            Err(reason) => stream.answers.push_back(Answer::Failed(reason, revision)),
        }
        Some(self.wake(at))
    }

    fn admitted(&mut self, at: StreamRef, id: WatchId, request: &WatchRequest) {
        let start = request.start_revision;
        let from_now = start.0 == 0;
        if !from_now && start < self.compact_revision {
            let cause = CancelCause::Compacted { compact_revision: self.compact_revision };
            self.streams[at].answers.push_back(Answer::Canceled(id, cause));
            return;
        }
        let behind = !from_now && start <= self.revision;
        let watcher = self.watchers.insert(Watcher {
            stream: at,
            id,
            seat: None,
            start,
            kinds: Kinds::of(request),
            prev_kv: request.prev_kv,
            progress_notify: request.progress_notify,
            sent_since_tick: false,
            progress_due: false,
            place: if behind { Place::Behind { cursor: start } } else { Place::synced() },
        });
        self.watchers[watcher].seat = Some(self.matcher.insert(&request.keys, watcher));
        self.prev_kv_watchers += usize::from(request.prev_kv);
        let stream = &mut self.streams[at];
        stream.ids.insert(id, watcher);
        if behind {
            stream.lagging += 1;
            stream.behind.push_back(watcher);
        }
    }

    /// Answers that a watcher is not made; `None` if the stream is gone.
    pub(super) fn refuse(&mut self, at: StreamRef) -> Option<Afterwards> {
        let failed = Answer::Failed(CreateFailure::Refused, self.revision);
        self.streams.get_mut(at)?.answers.push_back(failed);
        Some(self.wake(at))
    }

    /// Ends those of the next watchers from `from` on that `check` refuses, and adds them to `ended`. Answers from where to go
    /// on, if there are more. Whoever calls wakes the reader at last.
    pub(super) fn recheck(
        &mut self,
        at: StreamRef,
        from: WatchId,
        check: &impl Fn(&KeyRange) -> Result<(), AuthError>,
        ended: &mut Vec<WatchId>,
    ) -> Option<WatchId> {
        let mut rest = self.streams.get(at)?.ids.range(from..).map(|(id, watcher)| (*id, *watcher));
        let part: Vec<_> = rest.by_ref().take(CHECKED_AT_ONCE).collect();
        let next = rest.next().map(|(id, _)| id);
        for (id, watcher) in part {
            let keys = self.matcher.range(self.watchers[watcher].seat());
            if let Err(error) = check(keys) {
                self.end(watcher, CancelCause::Refused(error));
                ended.push(id);
            }
        }
        next
    }

    /// Ends the watch with this id, if the stream has it.
    pub(super) fn cancel(&mut self, at: StreamRef, id: WatchId) -> Option<Afterwards> {
        let watcher = *self.streams.get(at)?.ids.get(&id)?;
        self.end(watcher, CancelCause::Requested);
        Some(self.wake(at))
    }

    /// Removes a watcher and says so. One that is gone already is left alone.
    pub(super) fn end(&mut self, at: WatcherRef, cause: CancelCause) {
        let Some(Watcher { stream, id, .. }) = self.remove_watcher(at) else { return };
        self.streams[stream].answers.push_back(Answer::Canceled(id, cause));
    }

    fn remove_watcher(&mut self, at: WatcherRef) -> Option<Watcher> {
        let watcher = self.watchers.remove(at)?;
        if let Some(moved) = self.matcher.remove(watcher.seat()) {
            self.watchers[moved].seat = watcher.seat;
        }
        let stream = &mut self.streams[watcher.stream];
        stream.ids.remove(&watcher.id);
        stream.lagging -= usize::from(watcher.cursor().is_some());
        self.prev_kv_watchers -= usize::from(watcher.prev_kv);
        self.pending -= watcher.pending();
        Some(watcher)
    }

    pub(super) fn request_progress(&mut self, at: StreamRef) -> Option<Afterwards> {
        self.streams.get_mut(at)?.progress_requested = true;
        Some(self.wake(at))
    }

    /// Makes the progress of those watchers due that want to hear of it and have heard nothing since the last tick.
    pub(super) fn progress_tick(&mut self, at: StreamRef) -> Option<Afterwards> {
        let Self { streams, watchers, revision, .. } = self;
        let stream = streams.get_mut(at)?;
        for watcher_ref in stream.ids.values() {
            let watcher = &mut watchers[*watcher_ref];
            let sent = std::mem::take(&mut watcher.sent_since_tick);
            let quiet = !sent && !watcher.progress_due && watcher.is_up_to_date();
            if watcher.progress_notify && quiet && watcher.start <= *revision {
                watcher.progress_due = true;
                stream.due.push_back(*watcher_ref);
            }
        }
        Some(self.wake(at))
    }

    /// Whether a stream may be asked for more; a stream that is gone may be asked for anything.
    pub(super) fn has_room(&self, at: StreamRef) -> bool {
        self.closed || self.streams.get(at).is_none_or(|stream| stream.answers.len() < MAX_ANSWERS)
    }

    pub(super) fn wake_if_there(&mut self, at: StreamRef) -> Option<Afterwards> {
        self.streams.get(at)?;
        Some(self.wake(at))
    }

    pub(super) fn wake(&mut self, at: StreamRef) -> Afterwards {
        let mut afterwards = Afterwards::default();
        afterwards.wake(self.streams[at].reader_to_wake());
        afterwards
    }
}

/// The id of the watch to be made, or why it cannot be.
fn admit(stream: &mut Stream, request: &WatchRequest) -> Result<WatchId, CreateFailure> {
    if request.keys.is_empty() {
        return Err(CreateFailure::EmptyRange);
    }
    if request.start_revision < Revision(0) {
        return Err(CreateFailure::Compacted);
    }
    match request.id {
        None => Ok(stream.take_id()),
        Some(id) if stream.ids.contains_key(&id) => Err(CreateFailure::DuplicateId),
        Some(id) => Ok(id),
    }
}
