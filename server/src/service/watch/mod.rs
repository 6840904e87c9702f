//! `etcdserverpb.Watch`.

mod fragment;
mod progress;
mod respond;
mod session;

use futures_util::stream::{self, BoxStream, StreamExt};
use proto::encoded::{Message, Watch};
use proto::etcdserverpb::WatchRequest;
use storage_core::Store;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use self::session::Session;
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
}

#[tonic::async_trait]
impl Watch for WatchService {
    type WatchStream = BoxStream<'static, Result<Message, Status>>;

    async fn watch(&self, request: Request<Streaming<WatchRequest>>) -> Result<Response<Self::WatchStream>, Status> {
        let session = Session::new(self.store.clone(), request.into_inner(), &self.options, self.drain.clone());
        let responses = stream::unfold(Box::new(session), |mut session| async {
            let response = session.next().await?;
            Some((response, session))
        });
        Ok(Response::new(responses.boxed()))
    }
}
