//! The watches of one client connection, and what is to be said to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::message::{CancelCause, CreateFailure, WatchMessage};
use super::slab::Handle;
use super::watcher::WatcherRef;
use crate::types::{Revision, WatchId};

pub(super) type StreamRef = Handle<Stream>;

/// So many answers may wait for the reader before [`WatchControl::ready`](super::WatchControl::ready) holds requests up.
pub(super) const MAX_ANSWERS: usize = 1024;

/// A stream of watches.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) ids: BTreeMap<WatchId, WatcherRef>,
    next_id: i64,
    /// Said before anything else.
    pub(super) answers: VecDeque<Answer>,
    /// Synced watchers with something pending. May hold watchers that have changed since.
    pub(super) dirty: VecDeque<WatcherRef>,
    /// Watchers behind, that the ring may still serve. May hold watchers that are gone.
    pub(super) behind: VecDeque<WatcherRef>,
    /// Watchers behind, whose turn to read the backend comes. May hold watchers that are gone.
    pub(super) far: VecDeque<WatcherRef>,
    /// How many watchers are behind.
    pub(super) lagging: usize,
    /// Watchers to say the progress of. May hold watchers that are gone.
    pub(super) due: VecDeque<WatcherRef>,
    pub(super) progress_requested: bool,
    /// Whether those behind go before those with something pending, the next time both exist.
    pub(super) behind_first: bool,
    /// Whether the reader sleeps, so that it has to be woken.
    pub(super) idle: bool,
    pub(super) wake: Arc<Notify>,
    /// Tells those who wait that there is room for answers.
    pub(super) room: Arc<Notify>,
}

/// An answer to a request.
#[derive(Debug)]
pub(super) enum Answer {
    Created(WatchId, Revision),
    Failed(CreateFailure, Revision),
    Canceled(WatchId, CancelCause),
}

impl Stream {
    /// The lowest id at or behind the last one given that no watch of the stream has.
    pub(super) fn take_id(&mut self) -> WatchId {
        while self.ids.contains_key(&WatchId(self.next_id)) {
            self.next_id += 1;
        }
        self.next_id += 1;
        WatchId(self.next_id - 1)
    }

    /// Who to wake after something was added for a reader that sleeps.
    pub(super) fn reader_to_wake(&mut self) -> Option<Arc<Notify>> {
        std::mem::take(&mut self.idle).then(|| Arc::clone(&self.wake))
    }

    pub(super) fn next_answer(&mut self) -> Option<WatchMessage> {
        let answer = self.answers.pop_front()?;
        if self.answers.len() + 1 == MAX_ANSWERS {
            self.room.notify_waiters();
        }
        if self.answers.is_empty() {
            self.answers = VecDeque::new();
        }
        Some(answer.into())
    }
}

impl From<Answer> for WatchMessage {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Created(id, revision) => Self::Created { id, revision },
            Answer::Failed(reason, revision) => Self::CreateFailed { id: WatchId(-1), revision, reason },
            Answer::Canceled(id, cause) => Self::Canceled { id, cause },
        }
    }
}
