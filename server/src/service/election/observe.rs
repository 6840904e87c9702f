use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use proto::mvccpb::KeyValue;
use proto::v3electionpb::LeaderResponse;
use storage_core::watch::WatchRequest;
use storage_core::{Event, KeyRange, Revision};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

use crate::service::concurrency::{Follow, Queue};
use crate::{convert, header, status};

/// The leader, each value that it proclaims, and each leader after it.
pub(super) fn observe(queue: Queue, drain: CancellationToken) -> BoxStream<'static, Result<LeaderResponse, Status>> {
    let drain = Box::pin(drain.cancelled_owned());
    let observer = Observer { queue, leader: None, drain };
    stream::unfold(Some(observer), |observer| async {
        let mut observer = observer?;
        match observer.next().await {
            Ok(response) => Some((Ok(response), Some(observer))),
            Err(status) => Some((Err(status), None)),
        }
    })
    .boxed()
}

struct Observer {
    queue: Queue,
    leader: Option<Leader>,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// A leader whose key is watched.
struct Leader {
    follow: Follow,
    /// Events that have come and are yet to be told, with the revision of their header.
    revision: Revision,
    events: std::vec::IntoIter<Arc<Event>>,
}

impl Observer {
    async fn next(&mut self) -> Result<LeaderResponse, Status> {
        let drain = &mut self.drain;
        let (queue, leader) = (&self.queue, &mut self.leader);
        let (revision, kv) = tokio::select! {
            () = drain => return Err(status::stopped()),
            seen = see(queue, leader) => seen?,
        };
        queue.check_read()?;
        Ok(LeaderResponse { header: header::at(&queue.store(), revision), kv: Some(kv) })
    }
}

/// What is to be told next. Dropped before it is done, it loses nothing.
async fn see(queue: &Queue, leader: &mut Option<Leader>) -> Result<(Revision, KeyValue), Status> {
    loop {
        if let Some(current) = leader {
            if let Some(told) = current.next().await? {
                return Ok(told);
            }
            *leader = None;
        }
        if let Some((revision, kv)) = elected(queue).await? {
            let request = WatchRequest::new(KeyRange::single(kv.key[..].into()));
            let follow = Follow::from(&queue.store(), revision.next(), request);
            *leader = Some(Leader { follow, revision, events: Vec::new().into_iter() });
            return Ok((revision, kv));
        }
    }
}

/// The leader that there is, or the first that comes. `None` asks to look again.
async fn elected(queue: &Queue) -> Result<Option<(Revision, KeyValue)>, Status> {
    let first = queue.first().await?;
    if let Some(kv) = first.kvs.into_iter().next() {
        return Ok(Some((first.revision, convert::key_value(kv))));
    }
    let puts = WatchRequest { no_delete: true, ..WatchRequest::new(queue.keys()) };
    let events = Follow::from(&queue.store(), first.revision.next(), puts).next().await?;
    let first = events.and_then(|(_, events)| events.into_iter().next());
    Ok(first.map(|event| (event.meta.mod_revision(), key_value(&event))))
}

impl Leader {
    /// The next value. `None` if there is no such leader any more, or it is unknown what it said.
    async fn next(&mut self) -> Result<Option<(Revision, KeyValue)>, Status> {
        loop {
            if let Some(event) = self.events.next() {
                return Ok((!event.is_delete()).then(|| (self.revision, key_value(&event))));
            }
            let Some((revision, events)) = self.follow.next().await? else { return Ok(None) };
            (self.revision, self.events) = (revision, events.into_iter());
        }
    }
}

fn key_value(event: &Event) -> KeyValue {
    KeyValue {
        key: Bytes::copy_from_slice(&event.key),
        create_revision: event.meta.create_revision.0,
        mod_revision: event.meta.mod_revision().0,
        version: event.meta.version,
        value: event.value.0.clone(),
        lease: event.meta.lease.0,
    }
}
