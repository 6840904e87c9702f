//! Resident memory through the workloads.

use maud::{Markup, html};

use super::chart::{Axis, Line, WIDE, draw};
use super::theme::{Slot, legend, name};
use crate::contender::Kind;
use crate::report::Report;
use crate::round::Round;
use crate::table::cell;
use crate::workload::Workload;

const MEGABYTE: f64 = 1e6;

pub(super) fn section(report: &Report) -> Markup {
    let workloads: Vec<Workload> = Workload::ALL.into_iter().filter(|workload| report.has(*workload)).collect();
    html! {
        p.note {
            "The last round. Each workload is as wide as the next, however long a contender took for it; those whom it does not suit go
            straight through. The number of a workload is at its beginning."
        }
        (legend(report))
        figure.wide {
            figcaption { "Resident memory of the server's processes, without its database's" }
            (chart(report, &workloads))
            (table(report, &workloads))
        }
    }
}

fn chart(report: &Report, workloads: &[Workload]) -> Markup {
    let last = report.rounds.last().map(Vec::as_slice).unwrap_or_default();
    let lines: Vec<Line> = last.iter().map(|round| line(Slot::of(report, &round.kind), round, workloads)).collect();
    let most = lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value)).fold(0.0, f64::max);
    let mut ticks = vec![(-1.0, "start".to_owned())];
    ticks.extend((0..workloads.len()).map(|number| (number as f64, (number + 1).to_string())));
    ticks.push((workloads.len() as f64, String::new()));
    let x = Axis::with_ticks("workload", |place| place, ticks);
    let y = Axis::linear("MB", most, |tick| format!("{tick}"));
    draw(WIDE, "Resident memory through the workloads, figures in the table below", &x, &y, &lines)
}

fn line(slot: Slot, round: &Round, workloads: &[Workload]) -> Line {
    let begins = begins(round, workloads);
    let end = round.memory.last().map_or(0.0, |point| point.seconds);
    let points =
        round.memory.iter().map(|point| (place(point.seconds, &begins, end), point.resident_bytes as f64 / MEGABYTE));
    Line { slot, points: points.collect(), dotted: false }
}

/// Which workload began when, by its number in the chart.
fn begins(round: &Round, workloads: &[Workload]) -> Vec<(f64, f64)> {
    let numbered = workloads.iter().enumerate();
    numbered
        .filter_map(|(number, workload)| Some((number as f64, round.samples.get(workload)?.began_seconds)))
        .collect()
}

/// Where in the chart a time is: as far between two workloads as it is between their beginnings.
fn place(seconds: f64, begins: &[(f64, f64)], end: f64) -> f64 {
    let next = begins.partition_point(|(_, begin)| *begin <= seconds);
    let (from, since) = next.checked_sub(1).map_or((-1.0, 0.0), |last| begins[last]);
    // A workload ends one further, even if this contender is then not asked for the next.
    let until = begins.get(next).map_or(end, |(_, begin)| *begin);
    let share = if until > since { (seconds - since) / (until - since) } else { 0.0 };
    from + share.clamp(0.0, 1.0)
}

fn table(report: &Report, workloads: &[Workload]) -> Markup {
    let after = |kind: &Kind, workload: &Workload| {
        report.spread(kind, |round| Some(round.samples.get(workload)?.costs.as_ref()?.resident_bytes as f64))
    };
    let idle = |kind: &Kind| report.spread(kind, |round| Some(round.idle_bytes? as f64));
    let peak =
        |kind: &Kind| report.spread(kind, |round| Some(round.memory.iter().map(|p| p.resident_bytes).max()? as f64));
    let kinds: Vec<&Kind> = report.contenders.iter().map(|contender| &contender.kind).collect();
    let megabytes = |spread| cell(spread, 1.0 / MEGABYTE);
    html! {
        div.scroll { table {
            caption { "MB, once idle after each workload: median (lowest to highest)" }
            thead { tr { th scope="col" { "After" } @for kind in &kinds { th.number scope="col" { (name(report, kind)) } } } }
            tbody {
                tr { th scope="row" { "start" } @for kind in &kinds { td.number { (megabytes(idle(kind))) } } }
                @for (number, workload) in workloads.iter().enumerate() {
                    tr {
                        th scope="row" { (number + 1) ". " (workload.title()) }
                        @for kind in &kinds { td.number { (megabytes(after(kind, workload))) } }
                    }
                }
                tr.total { th scope="row" { "most at any time" } @for kind in &kinds { td.number { (megabytes(peak(kind))) } } }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_far_between_two_workloads_as_between_their_beginnings() {
        let begins = [(0.0, 2.0), (1.0, 4.0), (3.0, 10.0)];
        let places = [0.0, 1.0, 2.0, 3.0, 7.0, 10.0, 15.0, 20.0].map(|seconds| place(seconds, &begins, 20.0));
        assert_eq!(places, [-1.0, -0.5, 0.0, 0.5, 1.5, 3.0, 3.5, 4.0]);
    }
}
