//! The lines of the table.

use crate::meter::{Costs, Sample};
use crate::plan::Plan;
use crate::round::{Restart, Round};
use crate::workload::Workload;

type Figure = Box<dyn Fn(&Round) -> Option<f64>>;

/// A line of the table.
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) unit: Unit,
    pub(crate) figure: Figure,
}

/// How a figure is written.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Rate,
    Seconds,
    Micros,
    Megabytes,
    Kilobytes,
    Number,
    Ratio,
}

impl Unit {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Rate => "/s",
            Self::Seconds => "s",
            Self::Micros => "us",
            Self::Megabytes => "MB",
            Self::Kilobytes => "KB",
            Self::Number | Self::Ratio => "",
        }
    }

    pub(crate) fn scale(self) -> f64 {
        match self {
            Self::Megabytes => 1e-6,
            Self::Kilobytes => 1e-3,
            Self::Rate | Self::Seconds | Self::Micros | Self::Number | Self::Ratio => 1.0,
        }
    }
}

/// All lines that the plan may have figures for.
pub(crate) fn rows(plan: &Plan) -> Vec<Row> {
    let mut rows = vec![row("RSS idle".into(), Unit::Megabytes, |round| Some(round.idle_bytes? as f64))];
    for workload in Workload::ALL.into_iter().filter(|w| plan.includes(*w)) {
        rows.extend(of_workload(workload));
    }
    rows.extend(RESTART.iter().map(|&(what, unit, figure)| {
        row(format!("restart: {what}"), unit, move |round| round.restart.as_ref().map(figure))
    }));
    rows
}

fn row(title: String, unit: Unit, figure: impl Fn(&Round) -> Option<f64> + 'static) -> Row {
    Row { title, unit, figure: Box::new(figure) }
}

type RestartLine = (&'static str, Unit, fn(&Restart) -> f64);

const RESTART: &[RestartLine] = &[
    ("start to first answer", Unit::Seconds, |restart| restart.seconds),
    ("RSS until then, peak", Unit::Megabytes, |restart| restart.peak_bytes as f64),
    ("RSS after", Unit::Megabytes, |restart| restart.resident_bytes as f64),
];

type Line = (&'static str, Unit, fn(&Sample) -> Option<f64>);

fn of_workload(workload: Workload) -> impl Iterator<Item = Row> {
    // How many leases expire in a second is a matter of when they were granted.
    let common = if workload == Workload::LeaseExpiry { &COMMON[1..] } else { COMMON };
    let lines = common.iter().chain(particular(workload));
    let lines = lines.map(move |&(what, unit, figure)| {
        row(format!("{}: {what}", workload.title()), unit, move |r| r.samples.get(&workload).and_then(figure))
    });
    lines.chain(undisturbed(workload).map(|(other, title)| {
        row(title.into(), Unit::Ratio, move |round| {
            let p99 = |w| Some(round.samples.get(&w)?.latency.quantile_us(0.99)).filter(|p99| *p99 > 0.0);
            Some(p99(workload)? / p99(other)?)
        })
    }))
}

/// The same load without what disturbs it here.
fn undisturbed(workload: Workload) -> Option<(Workload, &'static str)> {
    match workload {
        Workload::WatchStalled => Some((Workload::Watch, "watch fan-out: p99 with one stalled to that without")),
        Workload::Compaction => Some((Workload::UpdateOpen, "update: p99 during compaction to that without")),
        _ => None,
    }
}

const COMMON: &[Line] = &[
    ("rate", Unit::Rate, |s| Some(s.rate())),
    ("rate of the slowest server", Unit::Rate, Sample::slowest_rate),
    ("p50", Unit::Micros, |s| Some(s.latency.quantile_us(0.5))),
    ("p99", Unit::Micros, |s| Some(s.latency.quantile_us(0.99))),
    ("p99.9", Unit::Micros, |s| Some(s.latency.quantile_us(0.999))),
    ("server CPU each", Unit::Micros, |s| cost(s, |c| Some(c.server_cpu_us))),
    ("database CPU each", Unit::Micros, |s| cost(s, |c| c.database_cpu_us)),
    ("client CPU each", Unit::Micros, |s| Some(s.client_cpu_us)),
];
const RSS_AFTER: Line = ("RSS after", Unit::Megabytes, |s| cost(s, |c| Some(c.resident_bytes as f64)));
const RSS_GROWTH: Line = ("RSS growth, peak", Unit::Megabytes, |s| cost(s, |c| Some(c.peak_growth_bytes as f64)));
const WRITTEN: Line = ("written to disk each", Unit::Kilobytes, |s| cost(s, |c| Some(c.written_bytes)));
const ON_DISK: Line = ("data on disk after", Unit::Megabytes, |s| cost(s, |c| Some(c.allocated_bytes as f64)));
const LOST: Line = ("events lost", Unit::Number, |s| Some(s.lost as f64));
const COMPACTION: Line = ("time of the compaction", Unit::Seconds, |s| s.beside_seconds);

fn cost(sample: &Sample, figure: impl Fn(&Costs) -> Option<f64>) -> Option<f64> {
    sample.costs.as_ref().and_then(figure)
}

fn particular(workload: Workload) -> &'static [Line] {
    use Workload::*;
    match workload {
        Create | Update | Delete | LeaseFlood | Kubernetes => &[WRITTEN, ON_DISK, RSS_AFTER],
        ListPages | List | RangeStream => &[RSS_GROWTH, RSS_AFTER],
        Watch | LeaseExpiry => &[LOST, RSS_AFTER],
        WatchStalled => &[LOST, RSS_GROWTH, RSS_AFTER],
        Compaction => &[COMPACTION, ON_DISK, RSS_AFTER],
        UpdateSingle | Get | Count | CreateOpen | UpdateOpen | GetOpen | LeaseKeepalive => &[],
    }
}
