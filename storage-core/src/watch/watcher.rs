//! One watch.

use std::collections::VecDeque;

use super::matcher::Seat;
use super::message::WatchRequest;
use super::slab::Handle;
use super::stream::StreamRef;
use crate::event::Event;
use crate::types::{Revision, WatchId};

pub(super) type WatcherRef = Handle<Watcher>;

/// A watch: what it wants and how far it is.
#[derive(Debug)]
pub(super) struct Watcher {
    pub(super) stream: StreamRef,
    pub(super) id: WatchId,
    /// `None` only while the watcher is being made.
    pub(super) seat: Option<Seat>,
    /// Events below it are not for this watcher; 0 if it began with "now".
    pub(super) start: Revision,
    pub(super) kinds: Kinds,
    pub(super) prev_kv: bool,
    pub(super) progress_notify: bool,
    /// Whether events were handed out since the last tick of progress.
    pub(super) sent_since_tick: bool,
    /// Whether the stream will say its progress.
    pub(super) progress_due: bool,
    pub(super) place: Place,
}

/// How far a watcher is.
#[derive(Debug)]
pub(super) enum Place {
    /// It has been handed everything but these revisions.
    Synced {
        /// Ascending; each has an event for this watcher.
        pending: VecDeque<Revision>,
    },
    /// It has been handed everything below the cursor; what follows has to be looked through.
    Behind {
        /// The first revision to look through.
        cursor: Revision,
    },
}

/// Which kinds of events are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds {
    puts: bool,
    deletes: bool,
}

impl Kinds {
    pub(super) fn of(request: &WatchRequest) -> Self {
        Self { puts: !request.no_put, deletes: !request.no_delete }
    }

    pub(super) fn want(self, is_delete: bool) -> bool {
        if is_delete { self.deletes } else { self.puts }
    }
}

impl Place {
    pub(super) fn synced() -> Self {
        Self::Synced { pending: VecDeque::new() }
    }
}

impl Watcher {
    /// Whether an event of one of its keys is for it.
    pub(super) fn wants(&self, event: &Event) -> bool {
        self.kinds.want(event.is_delete())
    }

    /// Whether it has been handed everything there is.
    pub(super) fn is_up_to_date(&self) -> bool {
        matches!(&self.place, Place::Synced { pending } if pending.is_empty())
    }

    /// How many revisions it has on its list.
    pub(super) fn pending(&self) -> usize {
        match &self.place {
            Place::Synced { pending } => pending.len(),
            Place::Behind { .. } => 0,
        }
    }

    pub(super) fn cursor(&self) -> Option<Revision> {
        match self.place {
            Place::Synced { .. } => None,
            Place::Behind { cursor } => Some(cursor),
        }
    }

    pub(super) fn seat(&self) -> Seat {
        self.seat.expect("a watcher in the hub has its seat")
    }
}
