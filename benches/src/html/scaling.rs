//! How figures change with the number of keys, from several runs.

use maud::{Markup, html};

use super::chart::{Axis, Line, SMALL, draw};
use super::theme::{Slot, legend, name};
use crate::contender::Kind;
use crate::report::Report;
use crate::round::Round;
use crate::table::{Unit, cell, figure_text};
use crate::workload::Workload;

type Figure = (&'static str, Unit, fn(&Round) -> Option<f64>);

const FIGURES: &[Figure] = &[
    ("create, operations in a second", Unit::Rate, |round| Some(round.samples.get(&Workload::Create)?.rate())),
    ("update, operations in a second", Unit::Rate, |round| Some(round.samples.get(&Workload::Update)?.rate())),
    ("get, operations in a second", Unit::Rate, |round| Some(round.samples.get(&Workload::Get)?.rate())),
    ("count, p50", Unit::Micros, |round| median(round, Workload::Count)),
    ("list in pages, p50", Unit::Micros, |round| median(round, Workload::ListPages)),
    ("list at once, p50", Unit::Micros, |round| median(round, Workload::List)),
    ("RangeStream, p50", Unit::Micros, |round| median(round, Workload::RangeStream)),
    ("most resident memory", Unit::Megabytes, |round| {
        Some(round.memory.iter().map(|point| point.resident_bytes).max()? as f64)
    }),
    ("on disk after the updates", Unit::Megabytes, |round| {
        Some(round.samples.get(&Workload::Update)?.costs.as_ref()?.allocated_bytes as f64)
    }),
    ("restart to first answer", Unit::Seconds, |round| Some(round.restart.as_ref()?.seconds)),
];

fn median(round: &Round, workload: Workload) -> Option<f64> {
    Some(round.samples.get(&workload)?.latency.quantile_us(0.5))
}

pub(super) fn section(report: &Report, others: &[Report]) -> Markup {
    let mut reports: Vec<&Report> = others.iter().chain([report]).collect();
    reports.sort_by_key(|report| report.plan.keys);
    html! {
        p.note { "Several runs, each with another number of keys; both axes are logarithmic." }
        (legend(report))
        div.grid { @for figure in FIGURES { (one(report, &reports, figure)) } }
    }
}

fn one(report: &Report, reports: &[&Report], (title, unit, figure): &Figure) -> Markup {
    let kinds: Vec<&Kind> = report.contenders.iter().map(|contender| &contender.kind).collect();
    let point =
        |kind: &Kind, run: &Report| Some((run.plan.keys as f64, run.spread(kind, figure)?.median * unit.scale()));
    let line = |kind: &&Kind| {
        let points = reports.iter().filter_map(|run| point(kind, run)).collect();
        Line { slot: Slot::of(report, kind), points, dotted: true }
    };
    let lines: Vec<Line> = kinds.iter().map(line).filter(|line| !line.points.is_empty()).collect();
    let values = || lines.iter().flat_map(|line| line.points.iter());
    let x = Axis::logarithmic("keys", values().map(|(keys, _)| *keys), figure_text);
    let y = Axis::logarithmic(unit.title(), values().map(|(_, value)| *value), figure_text);
    html! {
        @if !lines.is_empty() {
            figure {
                figcaption { (title) }
                (draw(SMALL, &format!("{title} over the number of keys, figures in the table below"), &x, &y, &lines))
                div.scroll { table {
                    caption { (unit.title()) }
                    thead { tr { th scope="col" { "Contender" } @for run in reports { th.number scope="col" { (run.plan.keys) " keys" } } } }
                    tbody {
                        @for kind in &kinds {
                            tr {
                                th scope="row" { (name(report, kind)) }
                                @for run in reports { td.number { (cell(run.spread(kind, figure), unit.scale())) } }
                            }
                        }
                    }
                } }
            }
        }
    }
}
