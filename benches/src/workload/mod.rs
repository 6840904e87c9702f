//! What is measured, a file each.

mod compaction;
mod count;
mod create;
mod delete;
mod get;
mod kubernetes;
mod lease_expiry;
mod lease_flood;
mod lease_keepalive;
mod list;
mod list_pages;
mod range_stream;
mod update;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::contender::Program;
use crate::error::HarnessError;
use crate::latencies::Latencies;
use crate::meter::Meter;
use crate::session::Session;

/// A kind of load. The order is the one they run in: each finds what those before it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
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
    /// Creates at fixed times.
    CreateOpen,
    /// Updates at fixed times.
    UpdateOpen,
    /// Reads of single keys at fixed times.
    GetOpen,
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
    /// The same beside a watcher that takes nothing.
    WatchStalled,
    /// Deletes by all workers.
    Delete,
    /// Small updates of many nodes' leases over one connection.
    LeaseFlood,
    /// Leases of etcd that are kept alive.
    LeaseKeepalive,
    /// Leases of etcd that expire at the same time.
    LeaseExpiry,
    /// The mix of a cluster's requests, at fixed times.
    Kubernetes,
    /// Updates at fixed times while old revisions are compacted.
    Compaction,
}

/// What came of a workload.
#[derive(Debug)]
pub struct Done {
    /// How many operations there were: requests, lists, or events.
    pub operations: usize,
    /// How long each took; of a watch, from the sending of an update to its event.
    pub latencies: Latencies,
    /// How many of them each server answered, where that is known.
    pub by_server: Vec<usize>,
    /// Events that never came.
    pub lost: usize,
    /// How long what ran beside the load took, if anything did.
    pub beside: Option<Duration>,
}

impl Done {
    /// An operation for each latency.
    #[must_use]
    pub fn of(latencies: Latencies) -> Self {
        Self { operations: latencies.count(), latencies, by_server: Vec::new(), lost: 0, beside: None }
    }
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Create,
        Self::Update,
        Self::UpdateSingle,
        Self::Get,
        Self::CreateOpen,
        Self::UpdateOpen,
        Self::GetOpen,
        Self::Count,
        Self::ListPages,
        Self::List,
        Self::RangeStream,
        Self::Watch,
        Self::WatchStalled,
        Self::Delete,
        Self::LeaseFlood,
        Self::LeaseKeepalive,
        Self::LeaseExpiry,
        Self::Kubernetes,
        Self::Compaction,
    ];

    /// Its name in tables.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::UpdateSingle => "update, 1 client",
            Self::Get => "get",
            Self::CreateOpen => "create, open loop",
            Self::UpdateOpen => "update, open loop",
            Self::GetOpen => "get, open loop",
            Self::Count => "count",
            Self::ListPages => "list in pages",
            Self::List => "list at once",
            Self::RangeStream => "RangeStream",
            Self::Watch => "watch fan-out",
            Self::WatchStalled => "watch fan-out, one stalled",
            Self::Delete => "delete",
            Self::LeaseFlood => "lease flood",
            Self::LeaseKeepalive => "lease keepalive",
            Self::LeaseExpiry => "lease expiry",
            Self::Kubernetes => "Kubernetes mix",
            Self::Compaction => "update during compaction",
        }
    }

    /// Whether `program` can be asked for it: not what a server that does nothing would get wrong, nor calls that one does not have,
    /// nor what would touch the history of others.
    #[must_use]
    pub fn suits(self, program: &Program) -> bool {
        match program {
            Program::Null => self.is_answered_by_nothing(),
            Program::Kine | Program::KineSync => {
                !matches!(self, Self::RangeStream | Self::LeaseKeepalive | Self::Compaction)
            }
            // The history of a server elsewhere is others' too, and only an administrator may compact.
            Program::Elsewhere(_) | Program::AurochAuth => self != Self::Compaction,
            Program::Etcd | Program::Auroch => true,
        }
    }

    /// Whether it asks for single keys alone, which nobody has to remember.
    fn is_answered_by_nothing(self) -> bool {
        use Workload::*;
        matches!(self, Create | Update | UpdateSingle | Get | CreateOpen | UpdateOpen | GetOpen | Delete | LeaseFlood)
    }

    /// Whether requests come at fixed times, and not as fast as they are answered.
    #[must_use]
    pub fn is_open(self) -> bool {
        use Workload::*;
        matches!(self, CreateOpen | UpdateOpen | GetOpen | LeaseExpiry | Kubernetes | Compaction)
    }

    /// Whether it writes, by its requests or by what they cause.
    #[must_use]
    pub fn is_write(self) -> bool {
        use Workload::*;
        !matches!(self, Get | GetOpen | Count | ListPages | List | RangeStream | LeaseKeepalive)
    }

    /// Runs it; what it has to prepare is over when it begins `meter` anew.
    ///
    /// # Errors
    /// If a request fails, or is answered with anything but what it must be.
    pub async fn run(self, session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
        match self {
            Self::Create => create::run(session).await,
            Self::Update => update::run(session).await,
            Self::UpdateSingle => update::run_single(session).await,
            Self::Get => get::run(session).await,
            Self::CreateOpen => create::run_open(session).await,
            Self::UpdateOpen => update::run_open(session).await,
            Self::GetOpen => get::run_open(session).await,
            Self::Count => count::run(session).await,
            Self::ListPages => list_pages::run(session).await,
            Self::List => list::run(session).await,
            Self::RangeStream => range_stream::run(session).await,
            Self::Watch => watch::run(session, meter).await,
            Self::WatchStalled => watch::run_stalled(session, meter).await,
            Self::Delete => delete::run(session, meter).await,
            Self::LeaseFlood => lease_flood::run(session, meter).await,
            Self::LeaseKeepalive => lease_keepalive::run(session, meter).await,
            Self::LeaseExpiry => lease_expiry::run(session, meter).await,
            Self::Kubernetes => kubernetes::run(session, meter).await,
            Self::Compaction => compaction::run(session).await,
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
