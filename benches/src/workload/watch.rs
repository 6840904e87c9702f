//! Updates that many watchers see.
//!
//! As kube-apiserver's client does, all watches of a connection share one stream. What arrives is decoded only as far as counting
//! and checking it takes, so that the client does not cost more than the server.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::PathAndQuery;
use proto::etcdserverpb::WatchRequest;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use tonic::Streaming;
use tonic_prost::ProstCodec;

use super::{Done, update::Update};
use crate::client::Connection;
use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::meter::Meter;
use crate::session::Session;
use crate::shape;

/// The fields of a `WatchResponse` that are looked at.
#[derive(Clone, PartialEq, prost::Message)]
struct Notice {
    #[prost(int64, tag = "2")]
    watch_id: i64,
    #[prost(bool, tag = "3")]
    created: bool,
    #[prost(bool, tag = "4")]
    canceled: bool,
    #[prost(message, repeated, tag = "11")]
    events: Vec<NoticedEvent>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct NoticedEvent {
    #[prost(message, optional, tag = "2")]
    kv: Option<NoticedKv>,
    #[prost(message, optional, tag = "3")]
    prev_kv: Option<NoticedPrev>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct NoticedKv {
    #[prost(int64, tag = "3")]
    mod_revision: i64,
    #[prost(bytes = "bytes", tag = "5")]
    value: Bytes,
}

/// Whether it is there is all that is asked.
#[derive(Clone, PartialEq, prost::Message)]
struct NoticedPrev {}

/// One stream with some of the watchers.
struct Watchers {
    session: Arc<Session>,
    stream: Streaming<Notice>,
    count: usize,
    /// The last revision that each watch has seen.
    seen: HashMap<i64, i64>,
    events: usize,
    lags: Latencies,
}

impl Watchers {
    async fn open(session: Arc<Session>, connection: Connection, count: usize) -> Result<Self, HarnessError> {
        let origin = connection.origin();
        let mut client = tonic::client::Grpc::with_origin(connection, origin).max_decoding_message_size(usize::MAX);
        client.ready().await?;
        // The stream of requests stays open: its end would end the watches.
        let watch = shape::watch(shape::PREFIX.into(), shape::PREFIX_END.into());
        let requests = tokio_stream::iter(vec![watch; count]).chain(tokio_stream::pending());
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let codec = ProstCodec::<WatchRequest, Notice>::default();
        let stream = client.streaming(tonic::Request::new(requests), path, codec).await?.into_inner();
        let mut watchers = Self { session, stream, count, seen: HashMap::new(), events: 0, lags: Latencies::default() };
        while watchers.seen.len() < count {
            watchers.receive().await?;
        }
        Ok(watchers)
    }

    /// Receives until every watcher has seen every update, or nothing comes any more.
    async fn see_all(mut self) -> Result<Self, HarnessError> {
        let expected = self.count * self.session.plan.watched_updates;
        let patience = self.session.plan.watch_patience;
        while self.events < expected {
            match tokio::time::timeout(patience, self.receive()).await {
                Ok(received) => received?,
                Err(_) => break,
            }
        }
        Ok(self)
    }

    async fn receive(&mut self) -> Result<(), HarnessError> {
        let Some(notice) = self.stream.message().await? else {
            return Err(HarnessError::unexpected("a watch stream has ended"));
        };
        if notice.canceled {
            return Err(HarnessError::unexpected("a watch was cancelled"));
        }
        if notice.created {
            self.seen.insert(notice.watch_id, 0);
            return Ok(());
        }
        let seen = self.seen.get_mut(&notice.watch_id);
        let seen = seen.ok_or_else(|| HarnessError::unexpected("an event for nobody"))?;
        for event in &notice.events {
            let kv = event.kv.as_ref().ok_or_else(|| HarnessError::unexpected("an event without a key"))?;
            if kv.mod_revision <= *seen || event.prev_kv.is_none() {
                return Err(HarnessError::unexpected("an event out of order, twice, or without prev_kv"));
            }
            *seen = kv.mod_revision;
            self.events += 1;
            self.lags.push(self.session.age(&kv.value).unwrap_or_default());
        }
        Ok(())
    }
}

/// The same beside a watcher that takes nothing, over a connection of its own.
pub(super) async fn run_stalled(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let watch = shape::watch(shape::PREFIX.into(), shape::PREFIX_END.into());
    let stalled = session.connection(0).again_with_small_windows().await?.watch(watch).await?;
    let done = run(session, meter).await;
    drop(stalled);
    done
}

pub(super) async fn run(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let streams = session.connections.len().min(session.plan.watchers);
    let mut tasks = JoinSet::new();
    let mut begun = Vec::new();
    for (number, connection) in session.connections.iter().take(streams).cloned().enumerate() {
        let count = session.plan.watchers / streams + usize::from(number < session.plan.watchers % streams);
        let (ready, opened) = oneshot::channel();
        begun.push(opened);
        let session = Arc::clone(session);
        tasks.spawn(async move {
            let watchers = Watchers::open(session, connection, count).await?;
            let _ = ready.send(());
            watchers.see_all().await
        });
    }
    let mut all_watch = true;
    for opened in begun {
        all_watch &= opened.await.is_ok();
    }
    meter.begin()?;
    if all_watch {
        session.drive(session.plan.workers, session.plan.watched_updates, Update::pods(session)).await?;
    }
    let mut lags = Latencies::default();
    while let Some(watchers) = tasks.join_next().await {
        let watchers = watchers.map_err(|e| HarnessError::unexpected(e.to_string()))??;
        lags.merge(&watchers.lags);
    }
    let expected = session.plan.watchers * session.plan.watched_updates;
    Ok(Done { lost: expected - lags.count(), ..Done::of(lags) })
}
