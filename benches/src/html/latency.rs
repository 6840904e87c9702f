//! How long operations took: for each workload a curve over the percentiles.

use maud::{Markup, html};

use super::chart::{Axis, Line, SMALL, draw};
use super::theme::{Slot, legend, name};
use crate::contender::Kind;
use crate::latencies::Latencies;
use crate::report::Report;
use crate::workload::Workload;

/// The percentiles with a tick, by the share of operations that take longer.
const TICKS: [(f64, &str); 6] =
    [(1.0, "0"), (0.1, "90"), (0.01, "99"), (1e-3, "99.9"), (1e-4, "99.99"), (1e-5, "99.999")];
const POINTS_PER_TICK: usize = 24;

pub(super) fn section(report: &Report) -> Markup {
    html! {
        p.note {
            "All rounds together. Where the title says open loop, requests come at fixed times, and latency is from the time that a request
            was due: waiting for a slow server counts. All others send as fast as they are answered, so a contender with more operations
            in a second also has more to do."
        }
        (legend(report))
        div.grid {
            @for workload in Workload::ALL { (figure(report, workload)) }
        }
    }
}

fn figure(report: &Report, workload: Workload) -> Markup {
    let of = |kind: &Kind| Some(report.latencies(kind, workload)).filter(|latencies| latencies.count() > 0);
    let all = report.contenders.iter().filter_map(|contender| Some((&contender.kind, of(&contender.kind)?)));
    let all: Vec<(&Kind, Latencies)> = all.collect();
    html! {
        @if !all.is_empty() {
            figure {
                figcaption { (workload.title()) }
                (curves(report, workload, &all))
                (table(report, &all))
            }
        }
    }
}

fn curves(report: &Report, workload: Workload, all: &[(&Kind, Latencies)]) -> Markup {
    let operations = all.iter().map(|(_, latencies)| latencies.count()).max().unwrap_or_default();
    // One operation in so many is as far as anybody can say.
    let shown = TICKS.iter().take_while(|(above, _)| above * operations as f64 >= 0.99).count().max(2);
    let ticks = TICKS[..shown].iter().map(|(above, label)| (*above, (*label).to_owned())).collect();
    let lines: Vec<Line> =
        all.iter().map(|(kind, latencies)| curve(Slot::of(report, kind), latencies, shown)).collect();
    let values = lines.iter().flat_map(|line| line.points.iter().map(|(_, value)| *value));
    let x = Axis::with_ticks("percentile", |above| -above.log10(), ticks);
    let y = Axis::logarithmic("latency", values, micros);
    let description = format!("Latency of {} over percentiles, figures in the table below", workload.title());
    draw(SMALL, &description, &x, &y, &lines)
}

fn curve(slot: Slot, latencies: &Latencies, ticks: usize) -> Line {
    let steps = (ticks - 1) * POINTS_PER_TICK;
    let above = (0..=steps).map(|step| 10_f64.powf(-(step as f64) / POINTS_PER_TICK as f64));
    let own = above.take_while(|above| above * latencies.count() as f64 >= 0.99);
    Line { slot, points: own.map(|above| (above, latencies.quantile_us(1.0 - above))).collect(), dotted: false }
}

fn table(report: &Report, all: &[(&Kind, Latencies)]) -> Markup {
    const COLUMNS: [(&str, f64); 4] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "Contender" } @for (title, _) in COLUMNS { th.number scope="col" { (title) } } } }
            tbody {
                @for (kind, latencies) in all {
                    tr {
                        th scope="row" { (name(report, kind)) }
                        @for (_, share) in COLUMNS { td.number { (micros(latencies.quantile_us(share))) } }
                    }
                }
            }
        } }
    }
}

/// With the unit in which it is a small number.
fn micros(value: f64) -> String {
    let (value, unit) = match value {
        v if v >= 1e6 => (v / 1e6, "s"),
        v if v >= 1e3 => (v / 1e3, "ms"),
        v => (v, "µs"),
    };
    let digits = usize::from(value < 10.0 && value.fract() != 0.0);
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_has_the_unit_that_keeps_it_short() {
        assert_eq!(
            [0.0, 1.5, 250.4, 1000.0, 12_345.0, 2e6].map(micros),
            ["0 µs", "1.5 µs", "250 µs", "1 ms", "12 ms", "2 s"]
        );
    }
}
