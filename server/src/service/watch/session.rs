use std::collections::VecDeque;
use std::pin::Pin;

use proto::encoded::Message;
use proto::etcdserverpb::WatchRequest;
use proto::etcdserverpb::watch_request::RequestUnion;
use storage_core::watch::{WatchControl, WatchEvents};
use storage_core::{Store, WatchId};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, Streaming};

use super::fragment::Fragments;
use super::progress::ProgressTicker;
use super::respond::Responder;
use crate::options::ServerOptions;
use crate::{convert, status};

/// One stream of watches.
///
/// It runs only while the client takes responses: HTTP/2's flow control asks for the next one when there is room for
/// it. There is no queue in between, so a client that stops reading holds its own cursors in the engine and nothing
/// else. It also stops being listened to.
pub(super) struct Session {
    requests: Streaming<WatchRequest>,
    /// The client has said its last word. It may well go on reading.
    half_closed: bool,
    control: WatchControl,
    events: WatchEvents,
    progress: ProgressTicker,
    responder: Responder,
    /// Pieces of one response.
    pieces: VecDeque<Message>,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
}

impl Session {
    pub(super) fn new(
        store: Store,
        requests: Streaming<WatchRequest>,
        options: &ServerOptions,
        drain: CancellationToken,
    ) -> Self {
        let (control, events) = store.watch();
        Self {
            requests,
            half_closed: false,
            control,
            events,
            progress: ProgressTicker::new(options.watch_progress_interval),
            responder: Responder::new(store, Fragments::new(options.max_message_bytes())),
            pieces: VecDeque::new(),
            drain: Box::pin(drain.cancelled_owned()),
            ended: false,
        }
    }

    /// The next response; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Result<Message, Status>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Some(Ok(piece));
            }
            if self.ended {
                return None;
            }
            tokio::select! {
                () = &mut self.drain => return Some(Err(self.end(status::stopped()))),
                request = next_request(&self.control, &mut self.requests), if !self.half_closed => match request {
                    Ok(Some(request)) => self.accept(request),
                    Ok(None) => self.half_closed = true,
                    Err(status) => return Some(Err(self.end(status))),
                },
                message = self.events.next() => match message {
                    Some(message) => self.responder.respond(message, &mut self.pieces),
                    None => return Some(Err(self.end(status::stopped()))),
                },
                () = self.progress.tick() => self.control.progress_tick(),
            }
        }
    }

    fn end(&mut self, status: Status) -> Status {
        self.ended = true;
        status
    }

    fn accept(&mut self, request: WatchRequest) {
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => {
                if create.progress_notify {
                    self.progress.start();
                }
                self.responder.expect_create(create.fragment);
                self.control.create(&convert::watch_create(&create));
            }
            Some(RequestUnion::CancelRequest(cancel)) => self.control.cancel(WatchId(cancel.watch_id)),
            Some(RequestUnion::ProgressRequest(_)) => self.control.request_progress(),
            // etcd ignores what it does not know.
            None => {}
        }
    }
}

/// The client's next request, once the answers that wait for it are few enough.
async fn next_request(
    control: &WatchControl,
    requests: &mut Streaming<WatchRequest>,
) -> Result<Option<WatchRequest>, Status> {
    control.ready().await;
    requests.message().await
}
