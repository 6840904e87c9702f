//! `etcdserverpb.Watch`.

mod fragment;
mod progress;
mod respond;
mod session;

use futures_util::stream::{self, StreamExt};
use proto::etcdserverpb::WatchRequest;
use storage_core::Store;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use self::session::Session;
use super::FrameStream;
use crate::options::ServerOptions;

/// Streams of watches.
pub(crate) struct WatchService {
    store: Store,
    options: ServerOptions,
    drain: CancellationToken,
}

impl WatchService {
    /// `drain` ends the streams.
    pub(crate) fn new(store: Store, options: ServerOptions, drain: CancellationToken) -> Self {
        Self { store, options, drain }
    }

    /// Answers `requests`. Headers such as `hasleader` make no difference: there is always a leader.
    pub(crate) fn watch(&self, requests: Streaming<WatchRequest>) -> FrameStream {
        let session = Session::new(self.store.clone(), requests, &self.options, self.drain.clone());
        let responses = stream::unfold(Box::new(session), |mut session| async {
            let responses = session.next().await?;
            Some((responses, session))
        });
        responses.boxed()
    }
}
