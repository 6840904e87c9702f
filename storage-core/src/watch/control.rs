//! A stream's side for requests.

use std::sync::Arc;

use tokio::sync::Notify;

use super::hub::WatchHub;
use super::message::WatchRequest;
use super::stream::StreamRef;
use crate::auth::AuthError;
use crate::key_range::KeyRange;
use crate::types::WatchId;

/// Asks a stream of watches for things; the answers come through its [`WatchEvents`](super::WatchEvents). Nothing here waits for
/// the reader but [`WatchControl::ready`]. Once the reader is dropped, nothing has an effect any more. Dropping this
/// side ends nothing: a client may be done with requests and go on reading.
#[derive(Clone, Debug)]
pub struct WatchControl {
    hub: Arc<WatchHub>,
    stream: StreamRef,
    room: Arc<Notify>,
}

impl WatchControl {
    pub(super) fn new(hub: Arc<WatchHub>, stream: StreamRef, room: Arc<Notify>) -> Self {
        Self { hub, stream, room }
    }

    /// Creates a watch. The answer is `Created` or `CreateFailed`; a start revision that is compacted is
    /// answered by `Created` and `Canceled`.
    pub fn create(&self, request: &WatchRequest) {
        self.hub.change(|state| state.create(self.stream, request));
    }

    /// Answers `CreateFailed` in its turn, where the caller may not have the watch that it asked for.
    pub fn refuse(&self) {
        self.hub.change(|state| state.refuse(self.stream));
    }

    /// Ends the watches whose keys `check` refuses; their answers are `Canceled`. Nothing of them is handed out any more, not even
    /// what was found before. Answers which they are: what the caller was handed of them already is its own business.
    pub fn recheck(&self, check: impl Fn(&KeyRange) -> Result<(), AuthError>) -> Vec<WatchId> {
        let mut ended = Vec::new();
        let mut next = Some(WatchId(i64::MIN));
        while let Some(from) = next {
            next = self.hub.with(|state| state.recheck(self.stream, from, &check, &mut ended));
        }
        if !ended.is_empty() {
            self.hub.change(|state| state.wake_if_there(self.stream));
        }
        ended
    }

    /// Ends a watch. The answer is `Canceled`; for an unknown id there is none.
    pub fn cancel(&self, id: WatchId) {
        self.hub.change(|state| state.cancel(self.stream, id));
    }

    /// Asks for one `Progress` of all watches, which comes once all have been handed everything. Requests that wait
    /// for that are answered together. No answer comes if a watch waits for a future revision, or there is none.
    pub fn request_progress(&self) {
        self.hub.change(|state| state.request_progress(self.stream));
    }

    /// Says the progress of each watch that asked for `progress_notify`, is up to date, was sent nothing since the last
    /// tick and does not wait for a future revision. The caller has the clock.
    pub fn progress_tick(&self) {
        self.hub.change(|state| state.progress_tick(self.stream));
    }

    /// Waits while more answers than is reasonable wait for the reader. Whoever takes requests from a client that may
    /// not read waits here before each, so that the answers stay bounded.
    pub async fn ready(&self) {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            room.as_mut().enable();
            if self.hub.with(|state| state.has_room(self.stream)) {
                return;
            }
            room.await;
        }
    }
}
