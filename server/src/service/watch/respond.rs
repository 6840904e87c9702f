use std::collections::VecDeque;

use bytes::BytesMut;
use storage_core::auth::AuthError;
use storage_core::watch::{CancelCause, CreateFailure, WatchMessage};
use storage_core::{Revision, Store, WatchId};
use tonic::Status;

use super::fragment::Fragments;
use crate::encode::{self, Header, WatchHead};
use crate::status;

/// Stands for no watch, or for all of a stream.
const NO_WATCH: WatchId = WatchId(-1);

/// Turns the engine's messages of one stream into responses.
pub(super) struct Responder {
    store: Store,
    fragments: Fragments,
    /// The creates without an answer yet, in order.
    creates: VecDeque<Create>,
}

/// What is to be known of a create once it is answered.
enum Create {
    /// It is the engine's to decide, and whether it asked for fragments.
    Asked { fragment: bool },
    /// It was not asked for, for this reason.
    Refused(String),
}

impl Responder {
    pub(super) fn new(store: Store, fragments: Fragments) -> Self {
        Self { store, fragments, creates: VecDeque::new() }
    }

    /// The engine has been asked for a watch. It answers creates in order.
    pub(super) fn expect_create(&mut self, fragment: bool) {
        self.creates.push_back(Create::Asked { fragment });
    }

    /// The engine has been asked to answer that there will be no watch.
    pub(super) fn expect_refusal(&mut self, status: &Status) {
        self.creates.push_back(Create::Refused(status::in_go(status)));
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
        if let Some(Create::Asked { fragment: true }) = self.creates.pop_front() {
            self.fragments.add(id);
        }
        WatchHead { created: true, ..self.head(id, revision) }
    }

    fn create_failed(&mut self, revision: Revision, reason: CreateFailure) -> WatchHead {
        let cancel_reason = match (reason, self.creates.pop_front()) {
            (CreateFailure::Refused, Some(Create::Refused(reason))) => reason,
            (CreateFailure::Refused, _) => status::in_go(&status::of_auth(AuthError::PermissionDenied)),
            (CreateFailure::EmptyRange, _) => "mvcc: watcher range is empty".to_owned(),
            (CreateFailure::DuplicateId, _) => "mvcc: duplicate watch ID provided on the WatchStream".to_owned(),
            (CreateFailure::Compacted, _) => status::COMPACTED.to_owned(),
        };
        WatchHead { created: true, canceled: true, cancel_reason, ..self.head(NO_WATCH, revision) }
    }

    fn canceled(&mut self, id: WatchId, cause: CancelCause) -> WatchHead {
        self.fragments.remove(id);
        let (revision, compact_revision, cancel_reason) = match cause {
            CancelCause::Requested => (self.store.revision(), Revision(0), String::new()),
            CancelCause::Refused(error) => (self.store.revision(), Revision(0), status::in_go(&status::of_auth(error))),
            CancelCause::Compacted { compact_revision } => (Revision(0), compact_revision, String::new()),
            CancelCause::StorageFailed(cause) => {
                (self.store.revision(), Revision(0), format!("etcdserver: storage has failed: {cause}"))
            }
        };
        WatchHead { canceled: true, compact_revision, cancel_reason, ..self.head(id, revision) }
    }
}
