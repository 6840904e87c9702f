//! A client's side of a measurement: connections, and what it knows of the keys.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use parking_lot::Mutex;
use proto::etcdserverpb::LeaseRevokeRequest;
use tokio::task::JoinSet;

use crate::client::{Connection, Kv};
use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::objects::Objects;
use crate::plan::Plan;
use crate::shape;
use crate::user;
use crate::workload::Done;

/// The largest value that is written, unless the plan has larger ones.
const LARGEST_BYTES: usize = 16 << 10;

const LONG_TTL_SECONDS: i64 = 3600;

/// The connections to one server and the objects there.
pub struct Session {
    /// What is asked of the server.
    pub plan: Plan,
    /// Connections to it; if it is several servers, to each as many, one server after the other.
    pub connections: Vec<Connection>,
    servers: usize,
    /// The objects that most workloads are about.
    pub pods: Arc<Objects>,
    /// Leases that outlive the measurement.
    leases: Arc<Mutex<Vec<i64>>>,
    filling: Bytes,
    start: Instant,
}

/// One request of a load.
pub trait Operation: Send + Sync + 'static {
    /// Sends request `number` of the load and checks its answer.
    fn call(&self, kv: &mut Kv, number: usize) -> impl Future<Output = Result<(), HarnessError>> + Send;
}

impl Session {
    /// Connects to the servers at `addresses`.
    ///
    /// # Errors
    /// If that fails.
    pub async fn open(addresses: &[SocketAddr], plan: Plan) -> Result<Arc<Self>, HarnessError> {
        Ok(Self::over(connect(addresses, &plan).await?, addresses.len(), plan))
    }

    /// Connects to the servers at `addresses` and turns authentication on there, as [`user::log_in`] does.
    ///
    /// # Errors
    /// If that fails.
    pub async fn open_for_user(addresses: &[SocketAddr], plan: Plan) -> Result<Arc<Self>, HarnessError> {
        let token = user::log_in(&Connection::open(addresses[0]).await?).await?;
        let connections = connect(addresses, &plan).await?;
        let connections = connections.into_iter().map(|connection| connection.with_token(token.clone()));
        Ok(Self::over(connections.collect(), addresses.len(), plan))
    }

    fn over(connections: Vec<Connection>, servers: usize, plan: Plan) -> Arc<Self> {
        let pods = Objects::new(shape::PODS, plan.keys, plan.value_bytes);
        // Bytes of no regularity, should a contender compress.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let filling = (0..plan.value_bytes.max(LARGEST_BYTES)).map(|_| step(&mut state)).collect::<Vec<u8>>().into();
        Arc::new(Self { plan, connections, servers, pods, leases: Arc::default(), filling, start: Instant::now() })
    }

    /// The KV service for worker `number`; workers share connections evenly.
    #[must_use]
    pub fn kv(&self, number: usize) -> Kv {
        self.connection(number).kv()
    }

    /// The connection of worker `number`.
    #[must_use]
    pub fn connection(&self, number: usize) -> &Connection {
        &self.connections[number % self.connections.len()]
    }

    /// The same objects over the first connection alone.
    #[must_use]
    pub fn over_one_connection(&self) -> Arc<Self> {
        Arc::new(Self {
            plan: self.plan.clone(),
            connections: self.connections[..1].to_vec(),
            servers: 1,
            pods: Arc::clone(&self.pods),
            leases: Arc::clone(&self.leases),
            filling: self.filling.clone(),
            start: self.start,
        })
    }

    /// Grants a lease, over the connection of worker `number`, that lives longer than any measurement takes.
    ///
    /// # Errors
    /// If the server refuses it.
    pub async fn grant_long(&self, number: usize) -> Result<i64, HarnessError> {
        let lease = self.connection(number).grant(LONG_TTL_SECONDS).await?;
        self.leases.lock().push(lease);
        Ok(lease)
    }

    /// Revokes what [`Session::grant_long`] has granted. Not every server can; then they end in an hour.
    pub async fn revoke_all(&self) {
        let leases = std::mem::take(&mut *self.leases.lock());
        for id in leases {
            if self.connection(0).lease().lease_revoke(LeaseRevokeRequest { id }).await.is_err() {
                return;
            }
        }
    }

    /// A value of so many bytes, but 16 KiB or what the plan says at most, that tells when it was made.
    #[must_use]
    pub fn stamped_value(&self, bytes: usize) -> Bytes {
        let mut value = BytesMut::with_capacity(bytes.max(size_of::<u64>()));
        value.put_u64(nanos(self.start.elapsed()));
        value.put_slice(self.filling.get(size_of::<u64>()..bytes).unwrap_or_default());
        value.freeze()
    }

    /// How long ago a [`Session::stamped_value`] was made.
    #[must_use]
    pub fn age(&self, value: &[u8]) -> Option<Duration> {
        let (stamp, _) = value.split_first_chunk()?;
        Some(self.start.elapsed().saturating_sub(Duration::from_nanos(u64::from_be_bytes(*stamp))))
    }

    /// Sends `requests` requests, `workers` at a time, and answers how long each took and who answered.
    ///
    /// # Errors
    /// The first failure of a request.
    pub async fn drive(
        self: &Arc<Self>,
        workers: usize,
        requests: usize,
        operation: impl Operation,
    ) -> Result<Done, HarnessError> {
        let operation = Arc::new(operation);
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for worker in 0..workers {
            let (operation, next, mut kv) = (Arc::clone(&operation), Arc::clone(&next), self.kv(worker));
            let server = worker % self.connections.len() % self.servers;
            tasks.spawn(async move {
                let mut latencies = Latencies::default();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= requests {
                        return Ok::<_, HarnessError>((server, latencies));
                    }
                    let begin = Instant::now();
                    operation.call(&mut kv, number).await?;
                    latencies.push(begin.elapsed());
                }
            });
        }
        let (mut all, mut by_server) = (Latencies::default(), vec![0; self.servers]);
        while let Some(worker) = tasks.join_next().await {
            let (server, latencies) = worker.map_err(|e| HarnessError::unexpected(e.to_string()))??;
            by_server[server] += latencies.count();
            all.merge(&latencies);
        }
        Ok(Done { by_server, ..Done::of(all) })
    }
}

/// As many connections as planned, or more: every server has as many.
async fn connect(addresses: &[SocketAddr], plan: &Plan) -> Result<Vec<Connection>, HarnessError> {
    let count = plan.connections.next_multiple_of(addresses.len());
    let mut connections = Vec::with_capacity(count);
    for &address in addresses.iter().cycle().take(count) {
        connections.push(Connection::open(address).await?);
    }
    Ok(connections)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("a run takes less than 500 years")
}

/// A byte of a xorshift generator.
fn step(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 32) as u8
}
