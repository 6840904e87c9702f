//! What a stream of watches is asked and what it answers.

use std::sync::Arc;

use crate::auth::AuthError;
use crate::event::Event;
use crate::key_range::KeyRange;
use crate::types::{Revision, WatchId};

/// A watch to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchRequest {
    /// The keys to watch.
    pub keys: KeyRange,
    /// The first revision of interest; 0 means from now on, a future revision waits for it.
    pub start_revision: Revision,
    /// The id that the client chose, or `None` for the next free one.
    pub id: Option<WatchId>,
    /// Whether events carry the version before.
    pub prev_kv: bool,
    /// Whether the watch takes part in [`WatchControl::progress_tick`](super::WatchControl::progress_tick).
    pub progress_notify: bool,
    /// Leaves out puts.
    pub no_put: bool,
    /// Leaves out deletions.
    pub no_delete: bool,
}

impl WatchRequest {
    /// A watch of `keys` from now on, without anything special.
    #[must_use]
    pub fn new(keys: KeyRange) -> Self {
        Self {
            keys,
            start_revision: Revision(0),
            id: None,
            prev_kv: false,
            progress_notify: false,
            no_put: false,
            no_delete: false,
        }
    }
}

/// What a stream of watches says. For one watch: `Created` first, then events in order of revision, then perhaps
/// `Canceled`.
#[derive(Clone, Debug)]
pub enum WatchMessage {
    /// A watch exists.
    Created {
        /// Its id.
        id: WatchId,
        /// The store's revision then.
        revision: Revision,
    },
    /// A watch could not be created.
    CreateFailed {
        /// Always -1.
        id: WatchId,
        /// The store's revision then.
        revision: Revision,
        /// Why.
        reason: CreateFailure,
    },
    /// A watch has ended.
    Canceled {
        /// Its id.
        id: WatchId,
        /// Why.
        cause: CancelCause,
    },
    /// Events of one watch: whole revisions, in order.
    Events {
        /// The watch.
        id: WatchId,
        /// For a header: the last event's revision, or, while the watch catches up, the store's.
        revision: Revision,
        /// Whether the watch asked for the version before; the events then have it at hand.
        prev_kv: bool,
        /// The events; never empty.
        events: Vec<Arc<Event>>,
    },
    /// The watch, or every watch of the stream, has been handed all its events up to and including `revision`.
    Progress {
        /// The watch, or `None` for all of the stream.
        id: Option<WatchId>,
        /// The revision.
        revision: Revision,
    },
}

/// Why a watch could not be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateFailure {
    /// No key can be in the range.
    EmptyRange,
    /// The stream has a watch with this id.
    DuplicateId,
    /// The start revision is negative, which etcd calls compacted.
    Compacted,
    /// [`WatchControl::refuse`](super::WatchControl::refuse) was asked for.
    Refused,
}

/// Why a watch has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelCause {
    /// The client asked for it.
    Requested,
    /// [`WatchControl::recheck`](super::WatchControl::recheck) found that it may not go on.
    Refused(AuthError),
    /// Revisions that the watch has not seen are gone.
    Compacted {
        /// The lowest revision that a watch can start at.
        compact_revision: Revision,
    },
    /// History or previous values could not be read.
    StorageFailed(String),
}

/// How much there is to watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchStats {
    /// Open streams.
    pub streams: usize,
    /// Watchers of all streams.
    pub watchers: usize,
    /// Those of them that are reading the ring or the backend to catch up.
    pub behind_watchers: usize,
    /// Revisions that synced watchers have not been handed yet, summed over watchers.
    pub pending: usize,
    /// Events handed out, counted for each watcher.
    pub events: u64,
    /// Times that a synced watcher fell behind.
    pub fell_behind: u64,
    /// Reads of the backend for watchers that the ring does not reach back to.
    pub replays: u64,
    /// Watchers that a compaction ended.
    pub compacted: u64,
    /// About how many bytes the recent events take, with the encodings that they get once they are sent.
    pub ring_bytes: usize,
    /// How many recent revisions are in memory.
    pub ring_revisions: usize,
}
