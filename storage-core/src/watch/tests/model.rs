//! What every watch must see, worked out from the whole history by going through it.

use std::collections::{BTreeMap, VecDeque};

use super::super::{CancelCause, WatchMessage, WatchRequest};
use super::world::{Change, short};
use crate::types::{Revision, WatchId};

/// What happened to one key in one revision.
#[derive(Clone, Debug)]
pub(super) struct Past {
    key: &'static str,
    /// `None` for a deletion.
    value: Option<Vec<u8>>,
    prev: Option<Vec<u8>>,
}

/// All that was ever committed; compaction takes nothing from it.
#[derive(Debug, Default)]
pub(super) struct History {
    revisions: BTreeMap<Revision, Vec<Past>>,
    now: BTreeMap<&'static str, Vec<u8>>,
    pub(super) compact_revision: Revision,
}

#[derive(Debug)]
pub(super) struct ModelWatch {
    pub(super) request: WatchRequest,
    /// What lies below was seen or is not for this watch.
    pub(super) next: Revision,
    last_seen: Revision,
}

/// What a stream's client knows.
#[derive(Debug, Default)]
pub(super) struct ModelStream {
    pub(super) watches: BTreeMap<WatchId, ModelWatch>,
    next_id: i64,
    /// Answers to come, in order; an id whose `Created` is not read yet has no events.
    answers: VecDeque<(WatchId, &'static str)>,
}

impl History {
    pub(super) fn exists(&self, key: &str) -> bool {
        self.now.contains_key(key)
    }

    pub(super) fn commit(&mut self, revision: Revision, changes: &[Change]) {
        let past = changes.iter().map(|change| {
            let (key, value) = match change {
                Change::Put(key, value) => (*key, Some(value.clone())),
                Change::Delete(key) => (*key, None),
            };
            let prev = match &value {
                Some(value) => self.now.insert(key, value.clone()),
                None => self.now.remove(key),
            };
            Past { key, value, prev }
        });
        let past = past.collect();
        self.revisions.insert(revision, past);
    }

    fn wanted(&self, revision: Revision, request: &WatchRequest) -> Vec<&Past> {
        let wanted = |past: &&Past| {
            let filtered = if past.value.is_some() { request.no_put } else { request.no_delete };
            !filtered && request.keys.contains(past.key.as_bytes())
        };
        self.revisions[&revision].iter().filter(wanted).collect()
    }

    /// The first revision from `watch.next` on, up to `through`, with something for the watch.
    fn unseen(&self, watch: &ModelWatch, through: Revision) -> Option<Revision> {
        let mut revisions = self.revisions.range(watch.next..).map(|(revision, _)| *revision);
        revisions.find(|r| !self.wanted(*r, &watch.request).is_empty()).filter(|r| *r <= through)
    }
}

impl ModelStream {
    pub(super) fn create(&mut self, request: WatchRequest, revision: Revision) {
        let id = WatchId(self.next_id);
        self.next_id += 1;
        let next = if request.start_revision.0 == 0 { revision.next() } else { request.start_revision };
        self.watches.insert(id, ModelWatch { request, next, last_seen: Revision(0) });
        self.answers.push_back((id, "created"));
    }

    pub(super) fn cancel(&mut self, id: WatchId) {
        self.watches.remove(&id);
        self.answers.push_back((id, "canceled"));
    }

    pub(super) fn nth(&self, n: usize) -> Option<WatchId> {
        let len = self.watches.len();
        (len > 0).then(|| *self.watches.keys().nth(n % len).unwrap())
    }

    /// Checks a message and takes note of it.
    pub(super) fn check(&mut self, history: &History, revision: Revision, message: &WatchMessage) {
        match message {
            WatchMessage::Created { id, .. } => assert_eq!(self.answers.pop_front(), Some((*id, "created"))),
            WatchMessage::CreateFailed { .. } => panic!("{}", short(message)),
            WatchMessage::Canceled { id, cause } => self.check_canceled(history, *id, cause),
            WatchMessage::Events { .. } => self.check_events(history, revision, message),
            WatchMessage::Progress { id, revision: said } => {
                assert!(*said <= revision);
                for (each, watch) in &self.watches {
                    if id.is_none_or(|id| id == *each) {
                        check_progress(history, watch, *said);
                    }
                }
            }
        }
    }

    fn check_canceled(&mut self, history: &History, id: WatchId, cause: &CancelCause) {
        match cause {
            CancelCause::Requested => {
                let canceled = self.answers.iter().position(|answer| *answer == (id, "canceled"));
                self.answers.remove(canceled.expect("someone canceled it"));
            }
            CancelCause::Compacted { compact_revision } => {
                self.check_created(id);
                let watch = self.watches.remove(&id).expect("it was not canceled before");
                assert!(*compact_revision <= history.compact_revision);
                assert!(watch.last_seen.next() < *compact_revision, "{watch:?} lost nothing at {compact_revision}");
                assert!(watch.request.start_revision < *compact_revision);
            }
            CancelCause::StorageFailed(_) | CancelCause::Refused(_) => panic!("{cause:?}"),
        }
    }

    fn check_events(&mut self, history: &History, current: Revision, message: &WatchMessage) {
        let WatchMessage::Events { id, revision, prev_kv, events } = message else { unreachable!() };
        self.check_created(*id);
        // Events of a watch that was canceled meanwhile may be on their way, but not after the answer.
        let Some(watch) = self.watches.get_mut(id) else {
            assert!(self.answers.contains(&(*id, "canceled")), "{}", short(message));
            return;
        };
        assert_eq!(*prev_kv, watch.request.prev_kv);
        let mut rest = &events[..];
        assert!(!rest.is_empty());
        while let Some(first) = rest.first() {
            let at = history.unseen(watch, current).expect("the events are of the history");
            assert_eq!(first.meta.mod_revision(), at, "no gap, no repeat");
            let wanted = history.wanted(at, &watch.request);
            assert!(rest.len() >= wanted.len(), "a revision comes whole");
            for (event, past) in rest.iter().zip(&wanted) {
                assert_eq!((&*event.key, event.meta.mod_revision()), (past.key.as_bytes(), at));
                assert_eq!((!event.is_delete()).then(|| event.value.0.to_vec()), past.value);
                if *prev_kv {
                    let prev = event.prev_kv().map(|(_, value)| value.to_vec());
                    let compacted = prev.is_none() && at <= history.compact_revision;
                    assert!(prev == past.prev || compacted, "the value before {}={at}", past.key);
                }
            }
            rest = &rest[wanted.len()..];
            watch.next = at.next();
            watch.last_seen = at;
        }
        assert!(*revision >= watch.last_seen && *revision <= current);
    }

    fn check_created(&self, id: WatchId) {
        assert!(!self.answers.contains(&(id, "created")), "{id} was not created yet");
    }

    /// Everything was read: nothing may be missing.
    pub(super) fn check_complete(&self, history: &History, revision: Revision) {
        assert!(self.answers.is_empty(), "{:?}", self.answers);
        for watch in self.watches.values() {
            assert_eq!(history.unseen(watch, revision), None, "{watch:?}");
        }
    }

    /// Whether progress of all can be said at `revision`.
    pub(super) fn progress_sayable(&self, revision: Revision) -> bool {
        let mut watches = self.watches.values();
        !self.watches.is_empty() && watches.all(|watch| watch.request.start_revision <= revision.next())
    }
}

fn check_progress(history: &History, watch: &ModelWatch, said: Revision) {
    assert_eq!(history.unseen(watch, said), None, "progress at {said} overtook events: {watch:?}");
    assert!(said >= watch.last_seen, "progress at {said} goes back: {watch:?}");
    assert!(said.next() >= watch.request.start_revision, "progress at {said} below the start: {watch:?}");
}
