//! Every name on the page and what it means here, one table a topic.

mod calls;
mod debugging;
mod disk;
mod nothing;
mod ours;
mod process;
mod server;

use std::collections::HashMap;
use std::sync::LazyLock;

/// A name on the page.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "the test that makes the document reads all of it"))]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    pub(super) labels: &'static [&'static str],
    /// What it says here: the page's help and the documentation's text.
    pub(super) help: &'static str,
    pub(super) truth: Truth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    Histogram,
}

/// Where the value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    /// It is measured.
    Measured,
    /// There is no such thing here, and the value is what one member alone would show.
    Constant,
}

/// Names of one kind, by topic.
#[cfg_attr(not(test), expect(dead_code, reason = "the test that makes the document reads all of it"))]
pub(super) struct Topic {
    pub(super) title: &'static str,
    pub(super) entries: &'static [Entry],
}

/// All names.
pub(super) static TOPICS: [&Topic; 7] =
    [&calls::TOPIC, &server::TOPIC, &disk::TOPIC, &ours::TOPIC, &debugging::TOPIC, &process::TOPIC, &nothing::TOPIC];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Entry>> =
    LazyLock::new(|| TOPICS.iter().flat_map(|topic| topic.entries).map(|entry| (entry.name, entry)).collect());

/// The entry of a name that is shown.
pub(super) fn find(name: &str) -> &'static Entry {
    BY_NAME.get(name).unwrap_or_else(|| panic!("{name} is not in the catalogue"))
}

const fn entry(kind: Type, name: &'static str, labels: &'static [&'static str], help: &'static str) -> Entry {
    Entry { name, kind, labels, help, truth: Truth::Measured }
}

const fn counter(name: &'static str, help: &'static str) -> Entry {
    entry(Type::Counter, name, &[], help)
}

const fn gauge(name: &'static str, help: &'static str) -> Entry {
    entry(Type::Gauge, name, &[], help)
}

const fn histogram(name: &'static str, help: &'static str) -> Entry {
    entry(Type::Histogram, name, &[], help)
}

impl Entry {
    const fn constant(self) -> Self {
        Self { truth: Truth::Constant, ..self }
    }

    const fn by(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }
}
