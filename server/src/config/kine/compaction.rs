use std::time::Duration;

use clap::Args;

use crate::compaction::{AutoCompaction, ClientCompaction};
use crate::config::duration::duration;
use crate::config::{Config, Refused};

/// kine refuses smaller steps.
const MIN_BATCH_SIZE: usize = 100;

#[derive(Debug, Args)]
#[command(next_help_heading = "Compaction")]
pub(super) struct CompactionFlags {
    /// Time between two automatic compactions, which then are the only ones. 0 leaves compaction to clients
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0")]
    compact_interval: Duration,
    /// By how much of it the interval may be longer or shorter, 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100), default_value_t = 0)]
    compact_interval_jitter: u8,
    /// The newest revisions that no compaction removes, not even a client's
    #[arg(long, value_name = "N", default_value_t = 1000, allow_hyphen_values = true)]
    compact_min_retain: i64,
    /// Versions that a compaction removes in one step, at least 100
    #[arg(long, value_name = "N")]
    compact_batch_size: Option<usize>,
}

impl CompactionFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        if let Some(size) = self.compact_batch_size {
            if size < MIN_BATCH_SIZE {
                return Err(Refused(format!(
                    "--compact-batch-size {size} is too small; at least {MIN_BATCH_SIZE} is needed"
                )));
            }
            config.store.compaction_batch = size;
        }
        let min_retain = u64::try_from(self.compact_min_retain).unwrap_or(0);
        if self.compact_interval.is_zero() {
            config.server.client_compaction = ClientCompaction::Keeping(min_retain);
            return Ok(());
        }
        let (interval, jitter_percent) = (self.compact_interval, self.compact_interval_jitter);
        config.server.auto_compaction = Some(AutoCompaction::Kine { interval, jitter_percent, min_retain });
        config.server.client_compaction = ClientCompaction::Ignored;
        Ok(())
    }
}
