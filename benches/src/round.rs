//! One contender through all workloads, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::contender::{Contender, Kind, Running};
use crate::elsewhere;
use crate::error::HarnessError;
use crate::memory::{Point, Sampler};
use crate::meter::{Measured, Meter, Sample};
use crate::plan::Plan;
use crate::proc::Process;
use crate::session::Session;
use crate::workload::Workload;

/// What came of one contender in one round.
#[derive(Debug, Serialize, Deserialize)]
pub struct Round {
    /// Who it was.
    pub kind: Kind,
    /// Resident memory before the first request.
    pub idle_bytes: Option<u64>,
    /// What came of each workload.
    pub samples: BTreeMap<Workload, Sample>,
    /// Resident memory from the start until the restart.
    pub memory: Vec<Point>,
    /// What came of a restart.
    pub restart: Option<Restart>,
}

/// What came of killing the servers and starting them again on all keys.
#[derive(Debug, Serialize, Deserialize)]
pub struct Restart {
    /// From a server's start to its first answer.
    pub seconds: f64,
    /// The most resident memory until then.
    pub peak_bytes: u64,
    /// Resident memory once it has been idle for a while.
    pub resident_bytes: u64,
}

/// Starts `contender` below `parent`, runs what the plan includes, each workload a step of `progress`, and ends it.
///
/// # Errors
/// If anything fails; nothing is measured then.
pub async fn run(
    contender: &Contender,
    plan: &Plan,
    parent: &Path,
    progress: &ProgressBar,
) -> Result<Round, HarnessError> {
    let kind = &contender.kind;
    let mut running = contender.start(parent).await?;
    let begin = Instant::now();
    let sampler = Measured::of(&running).map(|measured| Sampler::start(measured.servers, begin));
    if running.is_elsewhere() {
        elsewhere::clear(&running.addresses()).await?;
    }
    let session = if kind.has_users() {
        Session::open_for_user(&running.addresses(), plan.clone()).await?
    } else {
        Session::open(&running.addresses(), plan.clone()).await?
    };
    tokio::time::sleep(plan.settle).await;
    let idle_bytes = match Measured::of(&running) {
        Some(measured) => Some(measured.servers.sum(Process::resident_bytes)?),
        None => None,
    };
    let samples = all(&session, &running, begin, progress).await?;
    let memory = match sampler {
        Some(sampler) => sampler.stop().await?,
        None => Vec::new(),
    };
    if running.is_elsewhere() {
        session.revoke_all().await;
        elsewhere::clear(&running.addresses()).await?;
    }
    let restart = match plan.restart && kind.can_restart() {
        true => Some(restart(&mut running, plan).await?),
        false => None,
    };
    running.stop().await?;
    Ok(Round { kind: kind.clone(), idle_bytes, samples, memory, restart })
}

/// Runs all workloads that the plan includes and that suit.
async fn all(
    session: &Arc<Session>,
    running: &Running,
    begin: Instant,
    progress: &ProgressBar,
) -> Result<BTreeMap<Workload, Sample>, HarnessError> {
    let mut samples = BTreeMap::new();
    let kind = running.kind();
    let suiting = |w: &Workload| w.suits(&kind.program) && session.plan.includes(*w);
    for workload in Workload::ALL.into_iter().filter(suiting) {
        progress.set_message(format!("{kind}: {}", workload.title()));
        match measure(workload, session, Measured::of(running), begin).await {
            Ok(sample) => drop(samples.insert(workload, sample)),
            // Of a server elsewhere nobody knows beforehand what it has.
            Err(HarnessError::Request(status))
                if running.is_elsewhere() && status.code() == tonic::Code::Unimplemented => {}
            Err(error) => return Err(error),
        }
        progress.inc(1);
    }
    Ok(samples)
}

/// Runs one workload against the servers of `measured`; times are from `origin` on.
///
/// # Errors
/// If a request or the reading of a figure fails.
pub async fn measure(
    workload: Workload,
    session: &Arc<Session>,
    measured: Option<Measured>,
    origin: Instant,
) -> Result<Sample, HarnessError> {
    let mut meter = Meter::start(measured)?;
    let done = workload.run(session, &mut meter).await?;
    meter.finish(done, origin, session.plan.settle).await
}

/// Kills the servers, and starts them again.
async fn restart(running: &mut Running, plan: &Plan) -> Result<Restart, HarnessError> {
    let seconds = running.restart().await?.as_secs_f64();
    let processes = running.processes();
    let peak_bytes = processes.sum(Process::peak_bytes)?;
    tokio::time::sleep(plan.settle).await;
    Ok(Restart { seconds, peak_bytes, resident_bytes: processes.sum(Process::resident_bytes)? })
}
