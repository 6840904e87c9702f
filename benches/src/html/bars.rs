//! Figures of all workloads as bars, which are rows of a table: each is as long as its share of the workload's largest.

use maud::{Markup, html};

use super::theme::{Slot, name};
use crate::contender::Kind;
use crate::meter::Sample;
use crate::report::Report;
use crate::stats::Spread;
use crate::table::{Unit, cell};
use crate::workload::Workload;

pub(super) fn rates(report: &Report) -> Markup {
    html! {
        p.note { "Closed loop: each client sends its next request when the last is answered. Longer is better." }
        (bars(report, "Operations in a second", Unit::Rate, |workload| !workload.is_open(), |s| Some(s.rate())))
    }
}

pub(super) fn cpu(report: &Report) -> Markup {
    html! {
        p.note { "User and system time of the server's processes, and of its database's where it has one. Shorter is better." }
        (bars(report, "CPU time of an operation", Unit::Micros, |_| true, cpu_us))
        details {
            summary { "CPU of the client, which shares the machine" }
            (bars(report, "CPU time of the client for an operation", Unit::Micros, |_| true, |s| Some(s.client_cpu_us)))
        }
    }
}

pub(super) fn written(report: &Report) -> Markup {
    let some = |s: &Sample| Some(s.costs.as_ref()?.written_bytes);
    html! {
        p.note { "What the kernel counts as caused to be written to disks by the server and its database. Shorter is better." }
        (bars(report, "Bytes written for an operation", Unit::Kilobytes, Workload::is_write, some))
    }
}

fn cpu_us(sample: &Sample) -> Option<f64> {
    let costs = sample.costs.as_ref()?;
    Some(costs.server_cpu_us + costs.database_cpu_us.unwrap_or_default())
}

fn bars(
    report: &Report,
    caption: &str,
    unit: Unit,
    includes: impl Fn(Workload) -> bool,
    figure: impl Fn(&Sample) -> Option<f64>,
) -> Markup {
    let workloads = Workload::ALL.into_iter().filter(|workload| includes(*workload));
    html! {
        div.scroll { table.bars {
            caption { (caption) ", " (unit.title()) }
            thead { tr { th scope="col" { "Workload" } th scope="col" { "Contender" } th scope="col" colspan="2" { "Median (lowest to highest)" } } }
            @for workload in workloads { (group(report, workload, unit, &figure)) }
        } }
    }
}

/// The bars of one workload; none if nobody was measured.
fn group(report: &Report, workload: Workload, unit: Unit, figure: impl Fn(&Sample) -> Option<f64>) -> Markup {
    let spread = |kind: &Kind| report.spread(kind, |round| figure(round.samples.get(&workload)?));
    let spreads = report.contenders.iter().filter_map(|contender| Some((&contender.kind, spread(&contender.kind)?)));
    let spreads: Vec<(&Kind, Spread)> = spreads.collect();
    let most = spreads.iter().map(|(_, spread)| spread.median).fold(0.0, f64::max);
    html! {
        @if most > 0.0 {
            tbody {
                @for (number, (kind, spread)) in spreads.iter().enumerate() {
                    tr {
                        @if number == 0 { th scope="rowgroup" rowspan=(spreads.len()) { (workload.title()) } }
                        th scope="row" { (name(report, kind)) }
                        td.bar { span.(Slot::of(report, kind).class()) style={ "width:" (format!("{:.1}", 100.0 * spread.median / most)) "%" } {} }
                        td.number { (cell(Some(*spread), unit.scale())) }
                    }
                }
            }
        }
    }
}
