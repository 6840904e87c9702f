//! What a reader has to know to judge the figures.

use maud::{Markup, html};

use super::theme::name;
use crate::report::Report;

/// Where it was measured, and how much of it.
pub(super) fn summary(report: &Report) -> Markup {
    let (machine, plan) = (&report.machine, &report.plan);
    html! {
        dl.conditions {
            div { dt { "Machine" } dd { (machine.processors) " processors, shared by client and servers: " (machine.model) } }
            div { dt { "Memory" } dd { (machine.memory_bytes >> 20) " MiB" } }
            div { dt { "System" } dd { "Linux " (machine.kernel) } }
            div { dt { "Load before" } dd { (machine.load) } }
            div { dt { "Keys" } dd { (plan.keys) " of " (plan.value_bytes) " bytes" } }
            div { dt { "Clients" } dd { (plan.workers) " workers on " (plan.connections) " connections, " (plan.watchers) " watchers" } }
            div { dt { "Open loop" } dd { (plan.arrival_rate) " requests a second; a mix for " (plan.nodes) " nodes" } }
            div { dt { "Rounds" } dd { (report.rounds.len()) ", everybody in each, in changing order" } }
        }
    }
}

/// What each contender is, promises, and was started with.
pub(super) fn contenders(report: &Report) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th scope="col" { "Contender" } th scope="col" { "Version" } th scope="col" { "What an answer promises" } th scope="col" { "Started with" } } }
            tbody {
                @for contender in &report.contenders {
                    tr {
                        th scope="row" { (name(report, &contender.kind)) }
                        td { (contender.version) }
                        td { (contender.durability()) }
                        td { code { (contender.command()) } }
                    }
                }
            }
        } }
        @if let Some(postgres) = &report.postgres { p.note { (postgres) } }
    }
}
