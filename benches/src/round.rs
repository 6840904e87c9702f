//! One contender through all workloads, once.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::contender::{Contender, Kind, Running};
use crate::error::HarnessError;
use crate::plan::Plan;
use crate::proc::{Process, Processes, allocated_bytes};
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
    /// What came of a restart.
    pub restart: Option<Restart>,
}

/// What came of killing the servers and starting them again on all keys.
#[derive(Debug, Serialize)]
pub struct Restart {
    /// From a server's start to its first answer.
    pub seconds: f64,
    /// The most resident memory until then.
    pub peak_bytes: u64,
    /// Resident memory once it has been idle for two seconds.
    pub resident_bytes: u64,
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
    /// The server's CPU time per operation; of several servers, that of all together, as in all figures.
    pub server_cpu_us: f64,
    /// The same of its database, if that is a program of its own.
    pub database_cpu_us: Option<f64>,
    /// The harness's CPU time per operation.
    pub client_cpu_us: f64,
    /// How many operations each server answered.
    pub by_server: Vec<usize>,
    /// Events that never came.
    pub lost: usize,
    /// The server's resident memory once it has been idle for two seconds.
    pub resident_bytes: u64,
    /// What it took more than before, at most.
    pub peak_growth_bytes: u64,
    /// What the server and its database caused to be written, per operation.
    pub written_bytes: f64,
    /// What its data takes on the disk afterwards, all files of its database included.
    pub allocated_bytes: u64,
}

impl Sample {
    /// Operations in a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.seconds
    }

    /// Operations in a second of the server that answered the fewest, if there are several.
    #[must_use]
    pub fn slowest_rate(&self) -> Option<f64> {
        let fewest = self.by_server.iter().min().filter(|_| self.by_server.len() > 1)?;
        Some(*fewest as f64 / self.seconds)
    }
}

/// Whose figures are read.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The processes of the servers.
    pub servers: Processes,
    /// The parent of all processes of their database.
    pub database: Option<Process>,
    /// Where all of them keep data; what is not there counts nothing.
    pub data: Vec<PathBuf>,
}

impl Measured {
    fn of(running: &Running) -> Self {
        Self { servers: running.processes(), database: running.database(), data: running.data() }
    }

    fn database_cpu(&self) -> io::Result<Option<Duration>> {
        self.database.map(Process::cpu_with_children).transpose()
    }

    /// Of the database's processes those count that run, which are the ones that write.
    fn written_bytes(&self) -> io::Result<u64> {
        let servers = self.servers.sum(Process::written_bytes)?;
        let Some(database) = self.database else { return Ok(servers) };
        let children = database.children()?.into_iter().filter_map(|child| child.written_bytes().ok());
        Ok(servers + database.written_bytes()? + children.sum::<u64>())
    }

    fn allocated_bytes(&self) -> io::Result<u64> {
        self.data.iter().filter(|data| data.is_dir()).map(|data| allocated_bytes(data)).sum()
    }
}

/// Starts `contender` below `parent`, runs what the plan includes, and ends it.
///
/// # Errors
/// If anything fails; nothing is measured then.
pub async fn run(contender: &Contender, plan: &Plan, parent: &Path) -> Result<Round, HarnessError> {
    let kind = contender.kind;
    let mut running = contender.start(parent).await?;
    let session = if kind.has_users() {
        Session::open_for_user(&running.addresses(), plan.clone()).await?
    } else {
        Session::open(&running.addresses(), plan.clone()).await?
    };
    tokio::time::sleep(SETTLE).await;
    let idle_bytes = running.processes().sum(Process::resident_bytes)?;
    let mut samples = BTreeMap::new();
    for workload in Workload::ALL {
        if workload.suits(kind.program) && plan.includes(workload) {
            samples.insert(workload, measure(workload, &session, &Measured::of(&running)).await?);
        }
    }
    let restart = if plan.restart && kind.can_restart() { Some(restart(&mut running).await?) } else { None };
    running.stop().await?;
    Ok(Round { kind, idle_bytes, samples, restart })
}

/// Runs one workload against the servers of `measured`.
///
/// # Errors
/// If a request or the reading of a figure fails.
pub async fn measure(workload: Workload, session: &Arc<Session>, measured: &Measured) -> Result<Sample, HarnessError> {
    let (client, servers) = (Process::this(), &measured.servers);
    servers.reset_peaks()?;
    let resident = servers.sum(Process::resident_bytes)?;
    let (server_cpu, client_cpu) = (servers.sum(Process::cpu)?, client.cpu()?);
    let (database_cpu, written) = (measured.database_cpu()?, measured.written_bytes()?);
    let begin = Instant::now();
    let done = workload.run(session).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let client_cpu = client.cpu()?.saturating_sub(client_cpu);
    tokio::time::sleep(REST).await;
    let server_cpu = servers.sum(Process::cpu)?.saturating_sub(server_cpu);
    let database_cpu = database_cpu.zip(measured.database_cpu()?).map(|(before, after)| after.saturating_sub(before));
    tokio::time::sleep(SETTLE).await;
    let per_operation = |total: f64| total / done.operations.max(1) as f64;
    let micros = |cpu: Duration| per_operation(cpu.as_secs_f64() * 1e6);
    Ok(Sample {
        operations: done.operations,
        seconds,
        latency: done.latencies.quantiles(),
        server_cpu_us: micros(server_cpu),
        database_cpu_us: database_cpu.map(micros),
        client_cpu_us: micros(client_cpu),
        by_server: done.by_server,
        lost: done.lost,
        resident_bytes: servers.sum(Process::resident_bytes)?,
        peak_growth_bytes: servers.sum(Process::peak_bytes)?.saturating_sub(resident),
        written_bytes: per_operation(measured.written_bytes()?.saturating_sub(written) as f64),
        allocated_bytes: measured.allocated_bytes()?,
    })
}

/// Kills the servers, and starts them again.
async fn restart(running: &mut Running) -> Result<Restart, HarnessError> {
    let seconds = running.restart().await?.as_secs_f64();
    let processes = running.processes();
    let peak_bytes = processes.sum(Process::peak_bytes)?;
    tokio::time::sleep(SETTLE).await;
    Ok(Restart { seconds, peak_bytes, resident_bytes: processes.sum(Process::resident_bytes)? })
}
