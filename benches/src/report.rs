//! All that a run has found, as it is written to JSON.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::contender::{Contender, Kind};
use crate::plan::Plan;
use crate::round::Round;
use crate::stats::Spread;

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
        Self { processors, kernel: read("/proc/sys/kernel/osrelease"), load }
    }
}

impl Report {
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
