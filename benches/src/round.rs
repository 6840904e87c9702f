//! One contender through all workloads, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::contender::{Contender, Kind};
use crate::error::HarnessError;
use crate::plan::Plan;
use crate::proc::{Process, allocated_bytes};
use crate::session::Session;
use crate::stats::Quantiles;
use crate::workload::Workload;

/// How long a server rests after each workload, so that work it has put off counts where it belongs.
const REST: Duration = Duration::from_millis(300);
/// How long it has been idle when its resident memory is read: allocators and collectors give memory back with a delay.
const SETTLE: Duration = Duration::from_secs(2);

/// What came of one contender in one round.
#[derive(Debug, Serialize)]
pub struct Round {
    /// Who it was.
    pub kind: Kind,
    /// Resident memory before the first request.
    pub idle_bytes: u64,
    /// What came of each workload.
    pub samples: BTreeMap<Workload, Sample>,
}

/// What came of one workload.
#[derive(Debug, Serialize)]
pub struct Sample {
    /// Requests, lists or events.
    pub operations: usize,
    /// From the first to the last.
    pub seconds: f64,
    /// How long each took.
    pub latency: Quantiles,
    /// The server's CPU time per operation.
    pub server_cpu_us: f64,
    /// The harness's CPU time per operation.
    pub client_cpu_us: f64,
    /// Events that never came.
    pub lost: usize,
    /// The server's resident memory once it has been idle for two seconds.
    pub resident_bytes: u64,
    /// What it took more than before, at most.
    pub peak_growth_bytes: u64,
    /// What the server caused to be written, per operation.
    pub written_bytes: f64,
    /// What its data takes on the disk afterwards.
    pub allocated_bytes: u64,
}

impl Sample {
    /// Operations in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.seconds
    }
}

/// Starts `contender` below `parent`, runs what the plan includes, and ends it.
///
/// # Errors
/// If anything fails; nothing is measured then.
pub async fn run(contender: &Contender, plan: &Plan, parent: &Path) -> Result<Round, HarnessError> {
    let running = contender.start(parent).await?;
    let session = match contender.kind {
        Kind::AurochAuth => Session::open_for_user(running.address, plan.clone()).await?,
        Kind::Etcd | Kind::Auroch | Kind::Null => Session::open(running.address, plan.clone()).await?,
    };
    tokio::time::sleep(SETTLE).await;
    let idle_bytes = running.process().resident_bytes()?;
    let mut samples = BTreeMap::new();
    for workload in Workload::ALL {
        let suits = contender.kind != Kind::Null || workload.suits_null();
        if suits && plan.includes(workload) {
            samples.insert(workload, measure(workload, &session, running.process(), &running.data()).await?);
        }
    }
    running.stop().await?;
    Ok(Round { kind: contender.kind, idle_bytes, samples })
}

/// Runs one workload against the server whose process is `server` and which keeps its files in `data`.
///
/// # Errors
/// If a request or the reading of a figure fails.
pub async fn measure(
    workload: Workload,
    session: &Arc<Session>,
    server: Process,
    data: &Path,
) -> Result<Sample, HarnessError> {
    let client = Process::this();
    server.reset_peak()?;
    let resident = server.resident_bytes()?;
    let (server_cpu, client_cpu, written) = (server.cpu()?, client.cpu()?, server.written_bytes()?);
    let begin = Instant::now();
    let done = workload.run(session).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let client_cpu = client.cpu()?.saturating_sub(client_cpu);
    tokio::time::sleep(REST).await;
    let server_cpu = server.cpu()?.saturating_sub(server_cpu);
    tokio::time::sleep(SETTLE).await;
    let per_operation = |total: f64| total / done.operations.max(1) as f64;
    Ok(Sample {
        operations: done.operations,
        seconds,
        latency: done.latencies.quantiles(),
        server_cpu_us: per_operation(server_cpu.as_secs_f64() * 1e6),
        client_cpu_us: per_operation(client_cpu.as_secs_f64() * 1e6),
        lost: done.lost,
        resident_bytes: server.resident_bytes()?,
        peak_growth_bytes: server.peak_bytes()?.saturating_sub(resident),
        written_bytes: per_operation((server.written_bytes()? - written) as f64),
        allocated_bytes: allocated(data)?,
    })
}

fn allocated(data: &Path) -> Result<u64, HarnessError> {
    if data.is_dir() { Ok(allocated_bytes(data)?) } else { Ok(0) }
}
