//! Every figure and every ratio, as in the terminal.

use maud::{Markup, html};

use super::theme::name;
use crate::contender::Kind;
use crate::report::Report;
use crate::table::{cell, ratios, rows};

pub(super) fn section(report: &Report) -> Markup {
    let kinds: Vec<&Kind> = report.contenders.iter().map(|contender| &contender.kind).collect();
    let ratios = ratios(&kinds);
    let rows = rows(&report.plan);
    let rows = rows.iter().filter(|row| kinds.iter().any(|kind| report.spread(kind, &row.figure).is_some()));
    html! {
        p.note { "Median of the rounds, in parentheses the lowest and the highest. Ratios are made within a round." }
        div.scroll.tall role="region" aria-label="All figures" tabindex="0" { table {
            thead {
                tr {
                    th scope="col" { "Figure" }
                    th scope="col" { "Unit" }
                    @for kind in &kinds { th.number scope="col" { (name(report, kind)) } }
                    @for (one, other) in &ratios { th.number scope="col" { (one) " / " (other) } }
                }
            }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (row.title) }
                        td { (row.unit.title()) }
                        @for kind in &kinds { td.number { (cell(report.spread(kind, &row.figure), row.unit.scale())) } }
                        @for &ratio in &ratios { td.number { (cell(report.ratio(ratio, &row.figure), 1.0)) } }
                    }
                }
            }
        } }
    }
}
