//! The meeting point of the writer and the streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::catch_up::{History, Predecessors};
use super::control::WatchControl;
use super::events::WatchEvents;
use super::message::WatchStats;
use super::state::{Afterwards, State};
use crate::backend::Backend;
use crate::event::RevisionEvents;
use crate::types::Revision;
use crate::values::Values;

/// Takes in what was committed, and gives it to whoever watches.
#[derive(Debug)]
pub(crate) struct WatchHub {
    state: Mutex<State>,
    pub(super) history: Arc<History>,
    /// A copy of what the state knows, for a look without the lock.
    wants_prev_kv: AtomicBool,
}

impl WatchHub {
    /// A hub for what follows `revision`, that keeps about `ring_bytes` of recent events in memory.
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        values: Arc<Values>,
        predecessors: Arc<dyn Predecessors>,
        ring_bytes: usize,
        revision: Revision,
        compact_revision: Revision,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::new(ring_bytes, revision, compact_revision)),
            history: Arc::new(History::new(backend, values, predecessors)),
            wants_prev_kv: AtomicBool::new(false),
        })
    }

    /// Takes in the events of a group, in order, after the group is durable and readable; `revision` is the store's
    /// revision after it.
    ///
    /// # Panics
    /// If a revision is missing between the last call and this one.
    pub(crate) fn publish(&self, events: Vec<RevisionEvents>, revision: Revision) {
        let afterwards = self.state.lock().publish(events, revision);
        afterwards.run();
    }

    /// Takes in that the store is at `revision` without having the events up to there, and that the history below `compact_revision` is
    /// gone. Watchers read what they missed from the log, as far as it is there.
    pub(crate) fn skip_to(&self, revision: Revision, compact_revision: Revision) {
        let afterwards = self.state.lock().skip_to(revision, compact_revision);
        afterwards.run();
    }

    /// Takes in that the history below `compact_revision` is gone. To be called before the backend removes any of it.
    pub(crate) fn compacted(&self, compact_revision: Revision) {
        let mut state = self.state.lock();
        state.compact_revision = state.compact_revision.max(compact_revision);
    }

    /// Whether some watcher wants previous values. Events that come without them are completed when they are sent.
    pub(crate) fn wants_prev_kv(&self) -> bool {
        self.wants_prev_kv.load(Ordering::Relaxed)
    }

    /// Ends all streams, those to come as well.
    pub(crate) fn close(&self) {
        let afterwards = self.state.lock().close();
        afterwards.run();
    }

    pub(crate) fn stats(&self) -> WatchStats {
        self.state.lock().stats()
    }

    /// A new stream without watches.
    pub(crate) fn stream(self: &Arc<Self>) -> (WatchControl, WatchEvents) {
        let mut state = self.state.lock();
        let at = state.add_stream();
        let (wake, room) = state.signals(at);
        drop(state);
        (WatchControl::new(Arc::clone(self), at, room), WatchEvents::new(Arc::clone(self), at, wake))
    }

    /// Does something with the state, and what follows from it after the lock is released.
    pub(super) fn change(&self, change: impl FnOnce(&mut State) -> Option<Afterwards>) {
        if let Some(afterwards) = self.with(change) {
            afterwards.run();
        }
    }

    pub(super) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock();
        let result = f(&mut state);
        self.wants_prev_kv.store(state.prev_kv_watchers > 0, Ordering::Relaxed);
        result
    }
}
