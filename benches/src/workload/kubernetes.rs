//! The mix of a cluster's requests, at the rate of so many nodes.
//!
//! A node renews its lease every ten seconds. Beside it there are, for each node, 0.15 writes of pods in a second, which are created,
//! bound, reported as running and deleted again, and 0.05 events with a lease: 0.3 writes, so that 5,000 nodes make 1,500. With each
//! come two reads, one in fifty of them a page of pods. kube-apiserver watches all of it.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Done, lease_flood::NODE_LEASE_BYTES};
use crate::client::Kv;
use crate::error::HarnessError;
use crate::meter::Meter;
use crate::objects::Objects;
use crate::session::{Operation, Session};
use crate::shape;

const WRITES_PER_NODE: f64 = 0.3;
const REQUESTS_PER_WRITE: usize = 3;
const READS_PER_PAGE: usize = 50;
const PODS_PER_NODE: usize = 2;
const POD_BYTES: usize = 10 << 10;
const EVENT_BYTES: usize = 1 << 10;
/// Pods that come and go at a time.
const CHURNING: usize = 256;

const NODES: &str = "nodes";
const RUNNING: &str = "running";
const CHURN: &str = "churn";
const EVENTS: &str = "events";
/// What is written, in turn.
const WRITES: [Write; 6] = [Write::Node, Write::Pod, Write::Node, Write::Pod, Write::Event, Write::Pod];
const LIFE: [Step; 4] = [Step::Create, Step::Update, Step::Update, Step::Delete];

#[derive(Clone, Copy)]
enum Write {
    Node,
    Pod,
    Event,
}

#[derive(Clone, Copy)]
enum Step {
    Create,
    Update,
    Delete,
}

struct Cluster {
    session: Arc<Session>,
    nodes: Arc<Objects>,
    running: Arc<Objects>,
    churn: Arc<Objects>,
    /// How far each pod that comes and goes is in its life.
    lives: Vec<Mutex<usize>>,
    events: Arc<Objects>,
    event_lease: i64,
}

impl Operation for Cluster {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        let write = number / REQUESTS_PER_WRITE;
        if !number.is_multiple_of(REQUESTS_PER_WRITE) {
            return self.read(kv, number).await;
        }
        match WRITES[write % WRITES.len()] {
            Write::Node => self.nodes.update(&self.session, kv, self.nodes.scattered(write)).await,
            Write::Pod => self.live(kv, write % CHURNING).await,
            Write::Event => self.events.create(&self.session, kv, write, self.event_lease).await,
        }
    }
}

impl Cluster {
    async fn new(session: &Arc<Session>, writes: usize) -> Result<Self, HarnessError> {
        let nodes = session.plan.nodes;
        let cluster = Self {
            session: Arc::clone(session),
            nodes: Objects::new(NODES, nodes, NODE_LEASE_BYTES),
            running: Objects::new(RUNNING, nodes * PODS_PER_NODE, POD_BYTES),
            churn: Objects::new(CHURN, CHURNING, POD_BYTES),
            lives: (0..CHURNING).map(|_| Mutex::new(0)).collect(),
            events: Objects::new(EVENTS, writes, EVENT_BYTES),
            event_lease: session.grant_long(0).await?,
        };
        cluster.nodes.create_all(session).await?;
        cluster.running.create_all(session).await?;
        Ok(cluster)
    }

    async fn read(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        if !number.is_multiple_of(READS_PER_PAGE) {
            return self.running.get(kv, self.running.scattered(number)).await;
        }
        let mut page = shape::page(shape::prefix(RUNNING), self.session.plan.page, 0);
        page.range_end = shape::prefix_end(RUNNING);
        let found = kv.range(page).await?.into_inner().kvs.len();
        let expected = self.running.count().min(self.session.plan.page);
        if found == expected { Ok(()) } else { Err(HarnessError::unexpected("a page misses pods")) }
    }

    /// The next step of a pod's life.
    async fn live(&self, kv: &mut Kv, pod: usize) -> Result<(), HarnessError> {
        let mut life = self.lives[pod].lock().await;
        match LIFE[*life % LIFE.len()] {
            Step::Create => self.churn.create(&self.session, kv, pod, 0).await?,
            Step::Update => self.churn.update(&self.session, kv, pod).await?,
            Step::Delete => self.churn.delete(kv, pod).await?,
        }
        *life += 1;
        Ok(())
    }
}

pub(super) async fn run(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let writes = session.plan.arrivals(session.plan.nodes as f64 * WRITES_PER_NODE).max(1);
    let cluster = Cluster::new(session, writes).await?;
    let watches = [NODES, RUNNING, CHURN, EVENTS];
    let mut watchers = tokio::task::JoinSet::new();
    for (number, resource) in watches.into_iter().enumerate() {
        let watch = shape::watch(shape::prefix(resource), shape::prefix_end(resource));
        let mut watch = session.connection(number).watch(watch).await?;
        watchers.spawn(async move { while let Ok(Some(_)) = watch.message().await {} });
    }
    meter.begin()?;
    let rate = session.plan.nodes as f64 * WRITES_PER_NODE * REQUESTS_PER_WRITE as f64;
    session.drive_at(rate, writes * REQUESTS_PER_WRITE, cluster).await
}
