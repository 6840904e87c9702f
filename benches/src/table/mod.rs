//! A report as a table in Markdown: medians, in parentheses the lowest and the highest round.

mod diff;
mod rows;

use std::fmt::{self, Write as _};

pub use self::diff::render_diff;
pub(crate) use self::rows::{Row, Unit, rows};
use crate::contender::{Kind, Program, Storage};
use crate::report::Report;
use crate::stats::Spread;

/// Writes the whole report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    write_all(&mut out, report).expect("a string can be written to");
    out
}

fn write_all(out: &mut String, report: &Report) -> fmt::Result {
    write_conditions(out, report)?;
    let kinds: Vec<&Kind> = report.contenders.iter().map(|c| &c.kind).collect();
    write!(out, "\n| | unit |")?;
    for kind in &kinds {
        write!(out, " {kind} |")?;
    }
    let ratios = ratios(&kinds);
    for (one, other) in &ratios {
        write!(out, " {one} / {other} |")?;
    }
    writeln!(out, "\n|---|---|{}", "---|".repeat(kinds.len() + ratios.len()))?;
    let has_figures = |row: &Row| kinds.iter().any(|&kind| report.spread(kind, &row.figure).is_some());
    for row in rows(&report.plan).into_iter().filter(has_figures) {
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
pub(crate) fn ratios<'a>(kinds: &[&'a Kind]) -> Vec<(&'a Kind, &'a Kind)> {
    let pairs = kinds.iter().flat_map(|&one| kinds.iter().map(move |&other| (one, other)));
    pairs.filter(|&(one, other)| is_compared(one, other)).collect()
}

/// Auroch with etcd, and with kine on the same storage; and what differs from another Auroch in one thing with that one.
fn is_compared(one: &Kind, other: &Kind) -> bool {
    let plain = one.program == Program::Auroch && one.servers == 1;
    match &other.program {
        Program::Etcd => plain,
        Program::Kine | Program::KineSync => plain && one.storage == other.storage && other.servers == 1,
        _ if one.servers > 1 => *other == one.with_servers(1),
        Program::Auroch if one.has_users() => one.storage == other.storage,
        Program::Auroch => plain && one.storage == Storage::Sled && other.storage == Storage::Sqlite,
        Program::Elsewhere(_) => plain,
        Program::AurochAuth | Program::Null => false,
    }
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
        let (kind, version) = (&contender.kind, &contender.version);
        writeln!(out, "- {kind}: {version}; `{}`; {}", contender.command(), contender.durability())?;
    }
    if let Some(postgres) = &report.postgres {
        writeln!(out, "- {postgres}")?;
    }
    Ok(())
}

/// The median, and the extremes where they differ.
pub(crate) fn cell(spread: Option<Spread>, scale: f64) -> String {
    let Some(Spread { median, min, max }) = spread else { return "-".into() };
    let text = |figure: f64| figure_text(figure * scale);
    if text(min) == text(max) {
        return text(median);
    }
    format!("{} ({} to {})", text(median), text(min), text(max))
}

/// Three digits that count.
pub(crate) fn figure_text(figure: f64) -> String {
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
    fn who_differs_in_one_thing_is_compared() {
        let kinds = ["etcd", "auroch-sqlite", "auroch-postgres", "auroch-sled", "kine-sqlite", "kine-postgres", "null"];
        let mut kinds: Vec<Kind> = kinds.iter().map(|name| name.parse().unwrap()).collect();
        kinds.push(kinds[2].with_servers(3));
        let kinds: Vec<&Kind> = kinds.iter().collect();
        let pairs = ratios(&kinds).into_iter().map(|(one, other)| format!("{one} {other}")).collect::<Vec<_>>();
        let expected = [
            "auroch-sqlite etcd",
            "auroch-sqlite kine-sqlite",
            "auroch-postgres etcd",
            "auroch-postgres kine-postgres",
            "auroch-sled etcd",
            "auroch-sled auroch-sqlite",
            "auroch-postgres-x3 auroch-postgres",
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_cell_shows_the_spread_only_where_there_is_one() {
        let spread = |min, median, max| Some(Spread { median, min, max });
        assert_eq!(cell(spread(1.0, 2.0, 3.0), 1.0), "2.00 (1.00 to 3.00)");
        assert_eq!(cell(spread(5.0, 5.0, 5.0), 10.0), "50.0");
        assert_eq!(cell(None, 1.0), "-");
    }
}
