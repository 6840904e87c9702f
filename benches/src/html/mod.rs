//! A report as one HTML page that needs nothing beside it: no script, no font, no file.
//!
//! Every chart is beside a table with its figures, which is also what those hear who do not see it.

mod bars;
mod chart;
mod conditions;
mod figures;
mod latency;
mod memory;
mod scaling;
mod theme;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::Report;

const STYLE: &str = include_str!("style.css");

/// Writes the page of `report`, and how figures change with the number of keys if there are `others` with more or fewer.
#[must_use]
pub fn render(report: &Report, others: &[Report]) -> String {
    let sections = sections(report, others);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Auroch, etcd and kine, measured" }
                style { (PreEscaped(STYLE)) (PreEscaped(theme::css())) }
            }
            body {
                header {
                    h1 { "Auroch, etcd and kine, measured" }
                    (conditions::summary(report))
                    nav aria-label="Sections" {
                        @for section in &sections { a href={ "#" (section.id) } { (section.title) } }
                    }
                }
                main {
                    @for section in &sections {
                        section id=(section.id) {
                            h2 { (section.title) }
                            (section.content)
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

struct Section {
    id: &'static str,
    title: &'static str,
    content: Markup,
}

fn sections(report: &Report, others: &[Report]) -> Vec<Section> {
    let section = |id, title, content| Section { id, title, content };
    let mut sections = vec![
        section("contenders", "Who takes part", conditions::contenders(report)),
        section("rates", "Rates", bars::rates(report)),
        section("latency", "Latency", latency::section(report)),
        section("cpu", "CPU per operation", bars::cpu(report)),
        section("bytes", "Bytes written per operation", bars::written(report)),
        section("memory", "Memory over time", memory::section(report)),
    ];
    if !others.is_empty() {
        sections.push(section("scaling", "With more keys", scaling::section(report, others)));
    }
    sections.push(section("figures", "All figures", figures::section(report)));
    sections
}
