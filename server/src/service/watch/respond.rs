use std::collections::VecDeque;

use bytes::BytesMut;
use storage_core::watch::{CancelCause, CreateFailure, WatchMessage};
use storage_core::{Revision, Store, WatchId};

use super::fragment::Fragments;
use crate::encode::{self, Header, WatchHead};
use crate::status;

/// Stands for no watch, or for all of a stream.
const NO_WATCH: WatchId = WatchId(-1);

/// Turns the engine's messages of one stream into responses.
pub(super) struct Responder {
    store: Store,
    fragments: Fragments,
    /// For each create without an answer yet, in order, whether it asked for fragments.
    creates: VecDeque<bool>,
}

impl Responder {
    pub(super) fn new(store: Store, fragments: Fragments) -> Self {
        Self { store, fragments, creates: VecDeque::new() }
    }

    /// The engine has been asked for a watch. It answers creates in order.
    pub(super) fn expect_create(&mut self, fragment: bool) {
        self.creates.push_back(fragment);
    }

    /// Adds the response to `message` to `out`.
    pub(super) fn respond(&mut self, message: WatchMessage, out: &mut BytesMut) {
        let head = match message {
            WatchMessage::Events { id, revision, prev_kv, events } => {
                return self.fragments.split(self.head(id, revision), &events, prev_kv, out);
            }
            WatchMessage::Created { id, revision } => self.created(id, revision),
            WatchMessage::CreateFailed { revision, reason, .. } => self.create_failed(revision, reason),
            WatchMessage::Canceled { id, cause } => self.canceled(id, cause),
            WatchMessage::Progress { id, revision } => self.head(id.unwrap_or(NO_WATCH), revision),
        };
        encode::put_watch(out, &head, &[], false);
    }

    fn head(&self, id: WatchId, revision: Revision) -> WatchHead {
        WatchHead::new(Header::new(&self.store.identity(), revision), id)
    }

    fn created(&mut self, id: WatchId, revision: Revision) -> WatchHead {
        if self.creates.pop_front() == Some(true) {
            self.fragments.add(id);
        }
        WatchHead { created: true, ..self.head(id, revision) }
    }

    fn create_failed(&mut self, revision: Revision, reason: CreateFailure) -> WatchHead {
        self.creates.pop_front();
        let cancel_reason = match reason {
            CreateFailure::EmptyRange => "mvcc: watcher range is empty",
            CreateFailure::DuplicateId => "mvcc: duplicate watch ID provided on the WatchStream",
            CreateFailure::Compacted => status::COMPACTED,
        };
        let cancel_reason = cancel_reason.to_owned();
        WatchHead { created: true, canceled: true, cancel_reason, ..self.head(NO_WATCH, revision) }
    }

    fn canceled(&mut self, id: WatchId, cause: CancelCause) -> WatchHead {
        self.fragments.remove(id);
        let (revision, compact_revision, cancel_reason) = match cause {
            CancelCause::Requested => (self.store.revision(), Revision(0), String::new()),
            CancelCause::Compacted { compact_revision } => (Revision(0), compact_revision, String::new()),
            CancelCause::StorageFailed(cause) => {
                (self.store.revision(), Revision(0), format!("etcdserver: storage has failed: {cause}"))
            }
        };
        WatchHead { canceled: true, compact_revision, cancel_reason, ..self.head(id, revision) }
    }
}
