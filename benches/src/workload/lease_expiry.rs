//! Many of etcd's leases expire at about the same time: how late a watcher sees that their keys are gone.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use proto::etcdserverpb::WatchResponse;
use proto::mvccpb::event::EventType;
use tonic::Streaming;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::meter::Meter;
use crate::objects::Objects;
use crate::session::{Operation, Session};
use crate::shape;

const EXPIRING: &str = "expiring";

struct Grant {
    session: Arc<Session>,
    objects: Arc<Objects>,
    /// When a key is due to go.
    due: Arc<Mutex<HashMap<Bytes, Instant>>>,
}

impl Operation for Grant {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        let ttl = self.session.plan.expiry;
        let lease = self.session.connection(number).grant(ttl.as_secs() as i64).await?;
        self.due.lock().insert(self.objects.key(number), Instant::now() + ttl);
        self.objects.create(&self.session, kv, number, lease).await
    }
}

pub(super) async fn run(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let watch = shape::watch(shape::prefix(EXPIRING), shape::prefix_end(EXPIRING));
    let watch = session.connection(0).watch(watch).await?;
    let due = Arc::new(Mutex::new(HashMap::new()));
    let objects = Objects::new(EXPIRING, plan.expiring, plan.value_bytes);
    let grant = Grant { session: Arc::clone(session), objects, due: Arc::clone(&due) };
    session.drive(plan.workers, plan.expiring, grant).await?;
    meter.begin()?;
    let due = std::mem::take(&mut *due.lock());
    let latencies = see_all(watch, &due, plan.expiry + plan.watch_patience).await?;
    Ok(Done { lost: plan.expiring - latencies.count(), ..Done::of(latencies) })
}

/// Receives until all keys are gone, or nothing comes any more.
async fn see_all(
    mut watch: Streaming<WatchResponse>,
    due: &HashMap<Bytes, Instant>,
    patience: Duration,
) -> Result<Latencies, HarnessError> {
    let mut late = Latencies::default();
    while late.count() < due.len() {
        let Ok(received) = tokio::time::timeout(patience, watch.message()).await else { break };
        let Some(response) = received? else { return Err(HarnessError::unexpected("a watch stream has ended")) };
        for event in response.events.iter().filter(|event| event.r#type() == EventType::Delete) {
            let kv = event.kv.as_ref().ok_or_else(|| HarnessError::unexpected("an event without a key"))?;
            let due = due.get(&kv.key).ok_or_else(|| HarnessError::unexpected("a key that nobody created is gone"))?;
            late.push(due.elapsed());
        }
    }
    Ok(late)
}
