//! All that a run has found, as it is written to JSON.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::contender::{Contender, Kind};
use crate::latencies::Latencies;
use crate::plan::Plan;
use crate::round::Round;
use crate::stats::Spread;
use crate::workload::Workload;

/// What was measured, with what, where.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// The machine.
    pub machine: Machine,
    /// The sizes.
    pub plan: Plan,
    /// The PostgreSQL of those who keep their data there: its version and what matters of its settings.
    pub postgres: Option<String>,
    /// Who took part.
    pub contenders: Vec<Contender>,
    /// What came of them; in each round everybody once.
    pub rounds: Vec<Vec<Round>>,
}

/// Where it was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Processors, which the client and the servers share.
    pub processors: usize,
    /// What the kernel calls them.
    pub model: String,
    /// Memory.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The load average before the first round: a busy machine makes wide spreads.
    pub load: String,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let load = read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ");
        let model = line(&read("/proc/cpuinfo"), "model name").trim_start_matches(':').trim().to_owned();
        let kibibytes = line(&read("/proc/meminfo"), "MemTotal:").trim_end_matches("kB").trim().parse::<u64>();
        let memory_bytes = kibibytes.unwrap_or_default() * 1024;
        Self { processors, model, memory_bytes, kernel: read("/proc/sys/kernel/osrelease"), load }
    }
}

/// What is behind `name`, or nothing.
fn line<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim()
}

impl Report {
    /// Whether anybody was asked for `workload`.
    #[must_use]
    pub fn has(&self, workload: Workload) -> bool {
        self.rounds.iter().flatten().any(|round| round.samples.contains_key(&workload))
    }

    /// The latencies of one contender in all rounds.
    #[must_use]
    pub fn latencies(&self, kind: &Kind, workload: Workload) -> Latencies {
        let mut all = Latencies::default();
        let samples = self.rounds.iter().filter_map(|round| of(round, kind)?.samples.get(&workload));
        samples.for_each(|sample| all.merge(&sample.latency));
        all
    }

    /// The spread of a figure of one contender over the rounds.
    pub fn spread(&self, kind: &Kind, figure: impl Fn(&Round) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(|round| of(round, kind).and_then(&figure)).collect())
    }

    /// The spread of the ratio of one contender's figure to another's in the same round.
    pub fn ratio(&self, (one, other): (&Kind, &Kind), figure: impl Fn(&Round) -> Option<f64>) -> Option<Spread> {
        let ratio = |round: &Vec<Round>| {
            let (one, other) = (figure(of(round, one)?)?, figure(of(round, other)?)?);
            (other > 0.0).then_some(one / other)
        };
        Spread::of(self.rounds.iter().filter_map(ratio).collect())
    }
}

fn of<'a>(round: &'a [Round], kind: &Kind) -> Option<&'a Round> {
    round.iter().find(|r| r.kind == *kind)
}
