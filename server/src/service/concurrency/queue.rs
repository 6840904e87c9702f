use std::sync::Arc;

use storage_core::watch::{CancelCause, WatchEvents, WatchMessage, WatchRequest};
use storage_core::{
    Event, Key, KeyRange, LeaseId, RangeRequest, RangeResponse, Revision, RevisionFilter, Sort, SortOrder, SortTarget,
    Store, StoreError,
};
use tonic::Status;

use super::forwarded;
use crate::access::Lasting;

/// The keys below a name, first come first. The first of them has the lock, or is the leader.
#[derive(Clone)]
pub(in crate::service) struct Queue {
    client: Lasting,
    name: Vec<u8>,
}

impl Queue {
    pub(in crate::service) fn new(client: Lasting, name: &[u8]) -> Self {
        Self { client, name: name.to_vec() }
    }

    /// The store for the next step: what the client may do can change between two.
    pub(in crate::service) fn store(&self) -> Store {
        self.client.store()
    }

    /// Whether the client may still see what was found in the queue. To be asked after it was found, since what is found by
    /// following is not checked by itself.
    pub(in crate::service) fn check_read(&self) -> Result<(), Status> {
        self.store().check_read(&self.keys()).map_err(|error| forwarded(error.into()))
    }

    /// The key of whoever has `lease`: its number in hexadecimal digits, as Go prints it.
    pub(super) fn key(&self, lease: LeaseId) -> Key {
        let sign = if lease.0 < 0 { "-" } else { "" };
        let place = format!("/{sign}{:x}", lease.0.unsigned_abs());
        [&self.name, place.as_bytes()].concat().as_slice().into()
    }

    pub(in crate::service) fn keys(&self) -> KeyRange {
        // What begins with a slash ends before the character after it.
        KeyRange::new(&[&self.name, &b"/"[..]].concat(), &[&self.name, &b"0"[..]].concat())
    }

    /// The first in the queue, if there is one.
    pub(in crate::service) async fn first(&self) -> Result<RangeResponse, Status> {
        self.outermost(SortOrder::Ascend, RevisionFilter::default()).await.map_err(forwarded)
    }

    async fn outermost(&self, order: SortOrder, filter: RevisionFilter) -> Result<RangeResponse, StoreError> {
        let sort = Some(Sort { target: SortTarget::Create, order: Some(order) });
        self.store().range(RangeRequest { sort, filter, limit: 1, ..RangeRequest::new(self.keys()) }).await
    }

    /// Waits until no key is left that was created before `revision`: for one after the other to be deleted, the last one
    /// first, so that a deletion wakes one waiter and not all. Whether there was one.
    pub(super) async fn wait_for_turn(&self, revision: Revision) -> Result<bool, Status> {
        let before = RevisionFilter { max_create: Revision(revision.0 - 1), ..RevisionFilter::default() };
        let mut waited = false;
        loop {
            let ahead = self.outermost(SortOrder::Descend, before).await.map_err(forwarded)?;
            let Some(next) = ahead.kvs.into_iter().next() else { return Ok(waited) };
            waited = true;
            let deletions = WatchRequest { no_put: true, ..WatchRequest::new(KeyRange::single(next.key)) };
            Follow::from(&self.store(), ahead.revision.next(), deletions).next().await?;
        }
    }
}

/// The events of one watch.
pub(in crate::service) struct Follow {
    events: WatchEvents,
}

impl Follow {
    /// Watches from `revision` on.
    pub(in crate::service) fn from(store: &Store, revision: Revision, request: WatchRequest) -> Self {
        let (control, events) = store.watch();
        control.create(&WatchRequest { start_revision: revision, ..request });
        Self { events }
    }

    /// The next events, with the revision of their header. `None` if they are compacted: whoever waits has to look again.
    pub(in crate::service) async fn next(&mut self) -> Result<Option<(Revision, Vec<Arc<Event>>)>, Status> {
        loop {
            match self.events.next().await {
                Some(WatchMessage::Events { revision, events, .. }) => return Ok(Some((revision, events))),
                Some(WatchMessage::Canceled { cause: CancelCause::Compacted { .. }, .. }) => return Ok(None),
                Some(WatchMessage::Canceled { cause: CancelCause::StorageFailed(cause), .. }) => {
                    return Err(forwarded(StoreError::Failed(cause)));
                }
                Some(WatchMessage::Created { .. } | WatchMessage::Progress { .. }) => {}
                Some(WatchMessage::Canceled { .. } | WatchMessage::CreateFailed { .. }) => {
                    return Err(Status::unknown("lost watcher waiting for delete"));
                }
                None => return Err(forwarded(StoreError::Stopped)),
            }
        }
    }
}
