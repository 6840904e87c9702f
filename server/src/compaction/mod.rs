//! Compaction that nobody asks for: as etcd does it by `--auto-compaction-mode`, and as kine does it by `--compact-interval`.

mod clients;
mod kine;
mod periodic;
mod revision;
#[cfg(test)]
mod tests;

use std::time::Duration;

use storage_core::{Revision, Store, StoreError};
use tokio_util::sync::CancellationToken;

pub(crate) use self::clients::compact_for_client;

/// By what rule the server compacts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCompaction {
    /// etcd's `periodic`: keeps what is younger than this.
    Periodic(Duration),
    /// etcd's `revision`: keeps this many revisions, and looks every five minutes.
    Revision(u64),
    /// kine's: at each interval, what was there at the last one.
    Kine {
        /// Time between two compactions.
        interval: Duration,
        /// By how many percent of it the interval is made longer or shorter, at random, so that servers that start
        /// together do not compact together.
        jitter_percent: u8,
        /// The newest revisions, which are kept however old they are.
        min_retain: u64,
    },
}

/// What becomes of a client's wish to compact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCompaction {
    /// It is done, as in etcd.
    #[default]
    Done,
    /// It is done, but for the newest revisions, this many. kine's `--compact-min-retain`.
    Keeping(u64),
    /// It is answered and not done, since the server compacts by itself. kine's when `--compact-interval` is above 0.
    Ignored,
}

/// Compacts `store` by `rule` until `stop`.
pub(crate) async fn run(store: Store, rule: AutoCompaction, stop: CancellationToken) {
    let compacting = async {
        match rule {
            AutoCompaction::Periodic(period) => periodic::run(&store, period).await,
            AutoCompaction::Revision(retention) => revision::run(&store, retention).await,
            AutoCompaction::Kine { interval, jitter_percent, min_retain } => {
                kine::run(&store, kine::with_jitter(interval, jitter_percent), min_retain).await
            }
        }
    };
    stop.run_until_cancelled(compacting).await;
}

/// Compacts at `revision`; whether it is compacted now. A failure is logged, and tried again by the rule.
async fn compact(store: &Store, mode: &'static str, revision: Revision) -> bool {
    tracing::info!(mode, revision = revision.0, "starting auto compaction");
    match store.compact(revision, false).await {
        Ok(_) | Err(StoreError::Compacted { .. }) => {
            tracing::info!(mode, revision = revision.0, "completed auto compaction");
            true
        }
        Err(error) => {
            tracing::warn!(mode, revision = revision.0, %error, "failed auto compaction");
            false
        }
    }
}
