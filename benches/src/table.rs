//! A report as a table in Markdown: medians, in parentheses the lowest and the highest round.

use std::fmt::{self, Write as _};

use crate::contender::Kind;
use crate::report::Report;
use crate::round::{Round, Sample};
use crate::stats::Spread;
use crate::workload::Workload;

type Figure = Box<dyn Fn(&Round) -> Option<f64>>;

/// A line of the table.
struct Row {
    title: String,
    unit: Unit,
    figure: Figure,
}

/// How a figure is written.
#[derive(Clone, Copy)]
enum Unit {
    Rate,
    Micros,
    Megabytes,
    Kilobytes,
    Number,
}

impl Unit {
    fn title(self) -> &'static str {
        match self {
            Self::Rate => "/s",
            Self::Micros => "us",
            Self::Megabytes => "MB",
            Self::Kilobytes => "KB",
            Self::Number => "",
        }
    }

    fn scale(self) -> f64 {
        match self {
            Self::Megabytes => 1e-6,
            Self::Kilobytes => 1e-3,
            Self::Rate | Self::Micros | Self::Number => 1.0,
        }
    }
}

/// Writes the whole report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    write_all(&mut out, report).expect("a string can be written to");
    out
}

fn write_all(out: &mut String, report: &Report) -> fmt::Result {
    write_conditions(out, report)?;
    let kinds: Vec<Kind> = report.contenders.iter().map(|c| c.kind).collect();
    write!(out, "\n| | unit |")?;
    for kind in &kinds {
        write!(out, " {} |", kind.title())?;
    }
    let ratios = ratios(&kinds);
    for (one, other) in &ratios {
        write!(out, " {} / {} |", one.title(), other.title())?;
    }
    writeln!(out, "\n|---|---|{}", "---|".repeat(kinds.len() + ratios.len()))?;
    for row in rows(report) {
        write!(out, "| {} | {} |", row.title, row.unit.title())?;
        for &kind in &kinds {
            write!(out, " {} |", cell(report.spread(kind, &row.figure), row.unit.scale()))?;
        }
        for &ratio in &ratios {
            write!(out, " {} |", cell(report.ratio(ratio, &row.figure), 1.0))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Who is compared with whom, of those who took part.
fn ratios(kinds: &[Kind]) -> Vec<(Kind, Kind)> {
    let pairs = [(Kind::Auroch, Kind::Etcd), (Kind::AurochAuth, Kind::Auroch)];
    pairs.into_iter().filter(|(one, other)| kinds.contains(one) && kinds.contains(other)).collect()
}

/// What a reader has to know to judge the figures.
fn write_conditions(out: &mut String, report: &Report) -> fmt::Result {
    let (machine, plan) = (&report.machine, &report.plan);
    writeln!(
        out,
        "{} processors shared by client and server, Linux {}, load before: {}",
        machine.processors, machine.kernel, machine.load
    )?;
    writeln!(
        out,
        "{} keys of {} bytes, {} connections, {} workers, {} watchers; {} alternating rounds: median (lowest to highest)",
        plan.keys,
        plan.value_bytes,
        plan.connections,
        plan.workers,
        plan.watchers,
        report.rounds.len()
    )?;
    for contender in &report.contenders {
        let title = contender.kind.title();
        writeln!(out, "- {title}: {}; `{}`; {}", contender.version, contender.command(), contender.durability())?;
    }
    Ok(())
}

fn rows(report: &Report) -> Vec<Row> {
    let mut rows = vec![Row {
        title: "RSS idle".into(),
        unit: Unit::Megabytes,
        figure: Box::new(|round| Some(round.idle_bytes as f64)),
    }];
    for workload in Workload::ALL.into_iter().filter(|w| report.plan.includes(*w)) {
        let mut add = |what: &str, unit, figure: fn(&Sample) -> f64| {
            let title = format!("{}: {what}", workload.title());
            rows.push(Row { title, unit, figure: Box::new(move |r| r.samples.get(&workload).map(figure)) });
        };
        add("rate", Unit::Rate, Sample::rate);
        add("p50", Unit::Micros, |s| s.latency.p50_us);
        add("p99", Unit::Micros, |s| s.latency.p99_us);
        add("server CPU each", Unit::Micros, |s| s.server_cpu_us);
        add("client CPU each", Unit::Micros, |s| s.client_cpu_us);
        match workload {
            Workload::Create | Workload::Update => {
                add("written to disk each", Unit::Kilobytes, |s| s.written_bytes);
                add("data on disk after", Unit::Megabytes, |s| s.allocated_bytes as f64);
                add("RSS after", Unit::Megabytes, |s| s.resident_bytes as f64);
            }
            Workload::ListPages | Workload::List | Workload::RangeStream => {
                add("RSS growth, peak", Unit::Megabytes, |s| s.peak_growth_bytes as f64);
                add("RSS after", Unit::Megabytes, |s| s.resident_bytes as f64);
            }
            Workload::Watch => {
                add("events lost", Unit::Number, |s| s.lost as f64);
                add("RSS after", Unit::Megabytes, |s| s.resident_bytes as f64);
            }
            Workload::UpdateSingle | Workload::Get | Workload::Count => {}
        }
    }
    rows
}

fn cell(spread: Option<Spread>, scale: f64) -> String {
    let Some(Spread { median, min, max }) = spread else { return "-".into() };
    let text = |figure: f64| figure_text(figure * scale);
    if text(min) == text(max) {
        return text(median);
    }
    format!("{} ({} to {})", text(median), text(min), text(max))
}

/// Three digits that count.
fn figure_text(figure: f64) -> String {
    let decimals = match figure.abs() {
        f if f == 0.0 || f >= 100.0 => 0,
        f if f >= 10.0 => 1,
        _ => 2,
    };
    format!("{figure:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!([12345.4, 12.34, 1.234, 0.0].map(figure_text), ["12345", "12.3", "1.23", "0"]);
    }

    #[test]
    fn a_cell_shows_the_spread_only_where_there_is_one() {
        let spread = |min, median, max| Some(Spread { median, min, max });
        assert_eq!(cell(spread(1.0, 2.0, 3.0), 1.0), "2.00 (1.00 to 3.00)");
        assert_eq!(cell(spread(5.0, 5.0, 5.0), 10.0), "50.0");
        assert_eq!(cell(None, 1.0), "-");
    }
}
