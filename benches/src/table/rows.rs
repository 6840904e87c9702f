//! The lines of the table.

use crate::plan::Plan;
use crate::round::{Restart, Round, Sample};
use crate::workload::Workload;

type Figure = Box<dyn Fn(&Round) -> Option<f64>>;

/// A line of the table.
pub(super) struct Row {
    pub(super) title: String,
    pub(super) unit: Unit,
    pub(super) figure: Figure,
}

/// How a figure is written.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Rate,
    Seconds,
    Micros,
    Megabytes,
    Kilobytes,
    Number,
}

impl Unit {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rate => "/s",
            Self::Seconds => "s",
            Self::Micros => "us",
            Self::Megabytes => "MB",
            Self::Kilobytes => "KB",
            Self::Number => "",
        }
    }

    pub(super) fn scale(self) -> f64 {
        match self {
            Self::Megabytes => 1e-6,
            Self::Kilobytes => 1e-3,
            Self::Rate | Self::Seconds | Self::Micros | Self::Number => 1.0,
        }
    }
}

/// All lines that the plan may have figures for.
pub(super) fn rows(plan: &Plan) -> Vec<Row> {
    let mut rows = vec![row("RSS idle".into(), Unit::Megabytes, |round| Some(round.idle_bytes as f64))];
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
    let lines = COMMON.iter().chain(particular(workload));
    lines.map(move |&(what, unit, figure)| {
        row(format!("{}: {what}", workload.title()), unit, move |r| r.samples.get(&workload).and_then(figure))
    })
}

const COMMON: &[Line] = &[
    ("rate", Unit::Rate, |s| Some(s.rate())),
    ("rate of the slowest server", Unit::Rate, Sample::slowest_rate),
    ("p50", Unit::Micros, |s| Some(s.latency.p50_us)),
    ("p99", Unit::Micros, |s| Some(s.latency.p99_us)),
    ("server CPU each", Unit::Micros, |s| Some(s.server_cpu_us)),
    ("database CPU each", Unit::Micros, |s| s.database_cpu_us),
    ("client CPU each", Unit::Micros, |s| Some(s.client_cpu_us)),
];
const RSS_AFTER: Line = ("RSS after", Unit::Megabytes, |s| Some(s.resident_bytes as f64));
const RSS_GROWTH: Line = ("RSS growth, peak", Unit::Megabytes, |s| Some(s.peak_growth_bytes as f64));
const WRITTEN: Line = ("written to disk each", Unit::Kilobytes, |s| Some(s.written_bytes));
const ON_DISK: Line = ("data on disk after", Unit::Megabytes, |s| Some(s.allocated_bytes as f64));
const LOST: Line = ("events lost", Unit::Number, |s| Some(s.lost as f64));

fn particular(workload: Workload) -> &'static [Line] {
    match workload {
        Workload::Create | Workload::Update => &[WRITTEN, ON_DISK, RSS_AFTER],
        Workload::ListPages | Workload::List | Workload::RangeStream => &[RSS_GROWTH, RSS_AFTER],
        Workload::Watch => &[LOST, RSS_AFTER],
        Workload::UpdateSingle | Workload::Get | Workload::Count => &[],
    }
}
