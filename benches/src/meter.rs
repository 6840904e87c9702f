//! What a workload costs: the difference of what the kernel counted before and after it.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::contender::Running;
use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::proc::{Process, Processes, allocated_bytes};
use crate::workload::Done;

/// How long a server rests after each workload, so that work it has put off counts where it belongs.
const REST: Duration = Duration::from_millis(300);

/// What came of one workload.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sample {
    /// When it began, since the contender's turn did.
    pub began_seconds: f64,
    /// From the first request to the last.
    pub seconds: f64,
    /// Requests, lists or events.
    pub operations: usize,
    /// How long each took.
    pub latency: Latencies,
    /// The harness's CPU time per operation.
    pub client_cpu_us: f64,
    /// How many operations each server answered.
    pub by_server: Vec<usize>,
    /// Events that never came.
    pub lost: usize,
    /// How long what ran beside the load took.
    pub beside_seconds: Option<f64>,
    /// What it cost the server; nobody knows of one that the harness has not started.
    pub costs: Option<Costs>,
}

/// What a workload cost the server; of several servers, all of them together.
#[derive(Debug, Serialize, Deserialize)]
pub struct Costs {
    /// CPU time per operation.
    pub server_cpu_us: f64,
    /// The same of its database, if that is a program of its own.
    pub database_cpu_us: Option<f64>,
    /// Resident memory once it has been idle for a while.
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
    /// The processes of a contender that the harness has started.
    #[must_use]
    pub fn of(running: &Running) -> Option<Self> {
        let started = !running.is_elsewhere();
        started.then(|| Self { servers: running.processes(), database: running.database(), data: running.data() })
    }

    fn counters(&self) -> io::Result<Counters> {
        Ok(Counters {
            server_cpu: self.servers.sum(Process::cpu)?,
            database_cpu: self.database.map(Process::cpu_with_children).transpose()?,
            written_bytes: self.written_bytes()?,
            resident_bytes: self.servers.sum(Process::resident_bytes)?,
        })
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

/// What the kernel has counted up to a moment.
#[derive(Debug)]
struct Counters {
    server_cpu: Duration,
    database_cpu: Option<Duration>,
    written_bytes: u64,
    resident_bytes: u64,
}

/// Measures one workload.
#[derive(Debug)]
pub struct Meter {
    measured: Option<Measured>,
    begin: Instant,
    client_cpu: Duration,
    before: Option<Counters>,
}

impl Meter {
    /// Begins to measure.
    ///
    /// # Errors
    /// If a figure cannot be read.
    pub fn start(measured: Option<Measured>) -> io::Result<Self> {
        let mut meter = Self { measured, begin: Instant::now(), client_cpu: Duration::ZERO, before: None };
        meter.begin()?;
        Ok(meter)
    }

    /// Begins anew: all before was preparation.
    ///
    /// # Errors
    /// If a figure cannot be read.
    pub fn begin(&mut self) -> io::Result<()> {
        if let Some(measured) = &self.measured {
            measured.servers.reset_peaks()?;
            self.before = Some(measured.counters()?);
        }
        self.client_cpu = Process::this().cpu()?;
        self.begin = Instant::now();
        Ok(())
    }

    /// Ends with what came of the workload: its time at once, its costs once the server has been idle for `settle`. Times are from
    /// `origin` on.
    ///
    /// # Errors
    /// If a figure cannot be read.
    pub async fn finish(self, done: Done, origin: Instant, settle: Duration) -> Result<Sample, HarnessError> {
        let seconds = self.begin.elapsed().as_secs_f64();
        let client_cpu = Process::this().cpu()?.saturating_sub(self.client_cpu);
        let costs = match self.measured.zip(self.before) {
            Some((measured, before)) => Some(costs(&measured, &before, done.operations, settle).await?),
            None => None,
        };
        Ok(Sample {
            began_seconds: self.begin.saturating_duration_since(origin).as_secs_f64(),
            seconds,
            client_cpu_us: micros_each(client_cpu, done.operations),
            operations: done.operations,
            latency: done.latencies,
            by_server: done.by_server,
            lost: done.lost,
            beside_seconds: done.beside.map(|beside| beside.as_secs_f64()),
            costs,
        })
    }
}

async fn costs(
    measured: &Measured,
    before: &Counters,
    operations: usize,
    settle: Duration,
) -> Result<Costs, HarnessError> {
    tokio::time::sleep(REST.min(settle)).await;
    let rested = measured.counters()?;
    tokio::time::sleep(settle).await;
    let after = measured.counters()?;
    let peak = measured.servers.sum(Process::peak_bytes)?;
    let written = after.written_bytes.saturating_sub(before.written_bytes);
    let database_cpu = rested.database_cpu.zip(before.database_cpu).map(|(now, then)| now.saturating_sub(then));
    Ok(Costs {
        server_cpu_us: micros_each(rested.server_cpu.saturating_sub(before.server_cpu), operations),
        database_cpu_us: database_cpu.map(|cpu| micros_each(cpu, operations)),
        resident_bytes: after.resident_bytes,
        peak_growth_bytes: peak.saturating_sub(before.resident_bytes),
        written_bytes: written as f64 / operations.max(1) as f64,
        allocated_bytes: measured.allocated_bytes()?,
    })
}

fn micros_each(cpu: Duration, operations: usize) -> f64 {
    cpu.as_secs_f64() * 1e6 / operations.max(1) as f64
}
