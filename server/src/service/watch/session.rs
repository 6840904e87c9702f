use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use proto::etcdserverpb::WatchRequest;
use proto::etcdserverpb::watch_request::RequestUnion;
use storage_core::WatchId;
use storage_core::watch::{WatchControl, WatchEvents, WatchMessage};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, Streaming};

use super::fragment::Fragments;
use super::guard::Guard;
use super::progress::ProgressTicker;
use super::respond::Responder;
use crate::access::Client;
use crate::options::ServerOptions;
use crate::{convert, status};

/// Responses that are ready together go together, up to about this size.
const GOOD_BYTES: usize = 32 << 10;

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
    guard: Guard,
    progress: ProgressTicker,
    responder: Responder,
    /// Responses, framed, that are ready to go.
    out: BytesMut,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
}

impl Session {
    pub(super) fn new(
        client: Client,
        requests: Streaming<WatchRequest>,
        options: &ServerOptions,
        drain: CancellationToken,
    ) -> Self {
        let store = client.unchecked().clone();
        let (control, events) = store.watch();
        Self {
            requests,
            half_closed: false,
            control,
            events,
            guard: Guard::new(client),
            progress: ProgressTicker::new(options.watch_progress_interval),
            responder: Responder::new(store, Fragments::new(options.max_message_bytes())),
            out: BytesMut::new(),
            drain: Box::pin(drain.cancelled_owned()),
            ended: false,
        }
    }

    /// The next responses: as many as there are, up to a good size for the socket. `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Status>> {
        while self.out.is_empty() {
            if self.ended {
                return None;
            }
            tokio::select! {
                () = &mut self.drain => return Some(Err(self.end(status::stopped()))),
                request = next_request(&self.control, &mut self.requests), if !self.half_closed => match request {
                    Ok(Some(request)) => self.accept(request),
                    Ok(None) => self.half_closed = true,
                    Err(status) => return Some(Err(self.end(status::of_transport(status)))),
                },
                message = self.events.next() => match message {
                    Some(message) => self.respond(message),
                    None => return Some(Err(self.end(status::stopped()))),
                },
                () = self.progress.tick() => self.control.progress_tick(),
                () = self.guard.changed() => drop(self.guard.recheck(&self.control)),
            }
        }
        while self.out.len() < GOOD_BYTES {
            let Some(Some(message)) = self.events.next().now_or_never() else { break };
            self.respond(message);
        }
        Some(Ok(self.out.split().freeze()))
    }

    fn end(&mut self, status: Status) -> Status {
        self.ended = true;
        status
    }

    fn respond(&mut self, message: WatchMessage) {
        if self.guard.lets_pass(&message, &self.control) {
            self.responder.respond(message, &mut self.out);
        }
    }

    fn accept(&mut self, request: WatchRequest) {
        match request.request_union {
            Some(RequestUnion::CreateRequest(create)) => {
                let watch = convert::watch_create(&create);
                if let Err(status) = self.guard.check(&create, &watch.keys) {
                    self.responder.expect_refusal(&status);
                    return self.control.refuse();
                }
                if create.progress_notify {
                    self.progress.start();
                }
                self.responder.expect_create(create.fragment);
                self.control.create(&watch);
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
