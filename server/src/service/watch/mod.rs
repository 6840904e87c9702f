//! `etcdserverpb.Watch`.

mod fragment;
mod guard;
mod progress;
mod respond;
mod session;

use futures_util::stream::{self, StreamExt};
use proto::etcdserverpb::WatchRequest;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use self::session::Session;
use super::FrameStream;
use crate::access::Client;
use crate::options::ServerOptions;

/// Streams of watches.
pub(crate) struct WatchService {
    options: ServerOptions,
    drain: CancellationToken,
}

impl WatchService {
    /// `drain` ends the streams.
    pub(crate) fn new(options: ServerOptions, drain: CancellationToken) -> Self {
        Self { options, drain }
    }

    /// Answers `requests` of `client`. Headers such as `hasleader` make no difference: there is always a leader.
    pub(crate) fn watch(&self, client: Client, requests: Streaming<WatchRequest>) -> FrameStream {
        let session = Session::new(client, requests, &self.options, self.drain.clone());
        let responses = stream::unfold(Box::new(session), |mut session| async {
            let responses = session.next().await?;
            Some((responses, session))
        });
        responses.boxed()
    }
}
