//! etcd's leases are kept alive, as many at a time as there are workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use proto::etcdserverpb::LeaseKeepAliveRequest;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use super::Done;
use crate::client::Lease;
use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::meter::Meter;
use crate::session::Session;

pub(super) async fn run(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let mut leases = Vec::with_capacity(plan.leases);
    for number in 0..plan.leases {
        leases.push(session.grant_long(number).await?);
    }
    meter.begin()?;
    let (leases, next) = (Arc::new(leases), Arc::new(AtomicUsize::new(0)));
    let mut workers = JoinSet::new();
    for worker in 0..plan.workers.min(plan.leases) {
        let (client, leases, next) = (session.connection(worker).lease(), Arc::clone(&leases), Arc::clone(&next));
        workers.spawn(keep_alive(client, leases, next, plan.keepalives));
    }
    let mut latencies = Latencies::default();
    while let Some(worker) = workers.join_next().await {
        latencies.merge(&worker.map_err(|e| HarnessError::unexpected(e.to_string()))??);
    }
    Ok(Done::of(latencies))
}

/// Sends the next request as soon as the last is answered, over a stream of its own.
async fn keep_alive(
    mut client: Lease,
    leases: Arc<Vec<i64>>,
    next: Arc<AtomicUsize>,
    total: usize,
) -> Result<Latencies, HarnessError> {
    let (requests, stream) = mpsc::channel(1);
    // A server may answer with headers only once it has a request.
    let mut answers = None;
    let mut stream = Some(ReceiverStream::new(stream));
    let mut latencies = Latencies::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= total {
            return Ok(latencies);
        }
        let begin = Instant::now();
        let id = leases[number % leases.len()];
        requests.send(LeaseKeepAliveRequest { id }).await.map_err(|_| ended())?;
        if let Some(stream) = stream.take() {
            answers = Some(client.lease_keep_alive(stream).await?.into_inner());
        }
        let answer = answers.as_mut().ok_or_else(ended)?.message().await?.ok_or_else(ended)?;
        if answer.id != id || answer.ttl <= 0 {
            return Err(HarnessError::unexpected("a lease has expired"));
        }
        latencies.push(begin.elapsed());
    }
}

fn ended() -> HarnessError {
    HarnessError::unexpected("a stream of keepalives has ended")
}
