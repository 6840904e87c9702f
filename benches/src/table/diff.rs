//! A run beside an earlier one, as tables in Markdown: one for each contender that took part in both.

use std::fmt::{self, Write as _};

use super::{cell, figure_text, rows};
use crate::contender::Kind;
use crate::report::Report;
use crate::stats::Spread;

/// Writes what has changed from `old` to `new`. It counts as a change where all rounds of one are above all of the other.
#[must_use]
pub fn render_diff(old: &Report, new: &Report) -> String {
    let mut out = String::new();
    write_all(&mut out, old, new).expect("a string can be written to");
    out
}

fn write_all(out: &mut String, old: &Report, new: &Report) -> fmt::Result {
    write_differences(out, old, new)?;
    for contender in &new.contenders {
        let before = old.contenders.iter().find(|other| other.kind == contender.kind);
        let Some(before) = before else { continue };
        writeln!(out, "\n## {}\n\n{} -> {}\n", contender.kind, before.version, contender.version)?;
        if before.command() != contender.command() {
            writeln!(out, "`{}` -> `{}`\n", before.command(), contender.command())?;
        }
        write_table(out, old, new, &contender.kind)?;
    }
    Ok(())
}

/// Whatever makes the two hard to compare.
fn write_differences(out: &mut String, old: &Report, new: &Report) -> fmt::Result {
    let machine = |report: &Report| {
        let machine = &report.machine;
        format!("{} processors, {}, Linux {}", machine.processors, machine.model, machine.kernel)
    };
    if machine(old) != machine(new) {
        writeln!(out, "Another machine: {} -> {}", machine(old), machine(new))?;
    }
    if old.plan.sizes() != new.plan.sizes() {
        writeln!(out, "Another plan: figures are not of the same work")?;
    }
    writeln!(out, "Load before: {} -> {}", old.machine.load, new.machine.load)?;
    writeln!(out, "Median (lowest to highest) of {} -> {} rounds", old.rounds.len(), new.rounds.len())
}

fn write_table(out: &mut String, old: &Report, new: &Report, kind: &Kind) -> fmt::Result {
    writeln!(out, "| | unit | old | new | new / old | changed |\n|---|---|---|---|---|---|")?;
    // One round has no spread that a change could lie beyond.
    let several = old.rounds.len() > 1 && new.rounds.len() > 1;
    for row in rows(&new.plan) {
        let spreads = old.spread(kind, &row.figure).zip(new.spread(kind, &row.figure));
        let Some((before, after)) = spreads else { continue };
        let (scale, unit) = (row.unit.scale(), row.unit.title());
        let (before_cell, after_cell) = (cell(Some(before), scale), cell(Some(after), scale));
        write!(out, "| {} | {unit} | {before_cell} | {after_cell} | {} |", row.title, ratio(before, after))?;
        writeln!(out, " {} |", if several && !before.overlaps(after) { "yes" } else { "" })?;
    }
    Ok(())
}

/// The ratio of the medians, and how far those of any two rounds may be from it.
fn ratio(before: Spread, after: Spread) -> String {
    if before.min <= 0.0 {
        return "-".into();
    }
    let of = |figure: f64| figure_text(figure);
    let (least, most) = (after.min / before.max, after.max / before.min);
    format!("{} ({} to {})", of(after.median / before.median), of(least), of(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_as_wide_as_both_spreads_together() {
        let before = Spread { median: 10.0, min: 8.0, max: 20.0 };
        let after = Spread { median: 20.0, min: 10.0, max: 40.0 };
        assert_eq!(ratio(before, after), "2.00 (0.50 to 5.00)");
        assert_eq!(ratio(Spread { min: 0.0, ..before }, after), "-");
    }
}
