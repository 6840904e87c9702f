//! What is measured, a file each.

mod count;
mod create;
mod get;
mod list;
mod list_pages;
mod range_stream;
mod update;
mod watch;

use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;

use crate::contender::Program;
use crate::error::HarnessError;
use crate::session::Session;
use crate::stats::Latencies;

/// A kind of load. The order is the one they run in: each finds what those before it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Workload {
    /// Every key once, by all workers.
    Create,
    /// Every key once more, by all workers.
    Update,
    /// Updates by one worker: latency.
    UpdateSingle,
    /// Reads of single keys by all workers.
    Get,
    /// Counts of everything, one after the other.
    Count,
    /// Lists of everything in pages, one after the other.
    ListPages,
    /// Lists of everything in one answer, one after the other.
    List,
    /// Lists of everything as a stream, one after the other.
    RangeStream,
    /// Updates by all workers, seen by many watchers.
    Watch,
}

/// What came of a workload.
#[derive(Debug)]
pub struct Done {
    /// How many operations there were: requests, lists, or events.
    pub operations: usize,
    /// How long each took; of a watch, from the sending of an update to its event.
    pub latencies: Latencies,
    /// How many of them each server answered.
    pub by_server: Vec<usize>,
    /// Events that never came.
    pub lost: usize,
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Create,
        Self::Update,
        Self::UpdateSingle,
        Self::Get,
        Self::Count,
        Self::ListPages,
        Self::List,
        Self::RangeStream,
        Self::Watch,
    ];

    /// Its name in tables.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::UpdateSingle => "update, 1 client",
            Self::Get => "get",
            Self::Count => "count",
            Self::ListPages => "list in pages",
            Self::List => "list at once",
            Self::RangeStream => "RangeStream",
            Self::Watch => "watch fan-out",
        }
    }

    /// Whether `program` can be asked for it: not what a server that does nothing would get wrong, nor calls that one does not have.
    #[must_use]
    pub fn suits(self, program: Program) -> bool {
        match program {
            Program::Null => matches!(self, Self::Create | Self::Update | Self::UpdateSingle | Self::Get),
            Program::Kine => self != Self::RangeStream,
            Program::Etcd | Program::Auroch | Program::AurochAuth => true,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// If a request fails, or is answered with anything but what it must be.
    pub async fn run(self, session: &Arc<Session>) -> Result<Done, HarnessError> {
        match self {
            Self::Create => create::run(session).await,
            Self::Update => update::run(session).await,
            Self::UpdateSingle => update::run_single(session).await,
            Self::Get => get::run(session).await,
            Self::Count => count::run(session).await,
            Self::ListPages => list_pages::run(session).await,
            Self::List => list::run(session).await,
            Self::RangeStream => range_stream::run(session).await,
            Self::Watch => watch::run(session).await,
        }
    }
}

/// Fails unless a list had every key.
fn expect_keys(session: &Session, found: usize) -> Result<(), HarnessError> {
    if found == session.plan.keys {
        return Ok(());
    }
    Err(HarnessError::unexpected(format!("{found} keys instead of {}", session.plan.keys)))
}
