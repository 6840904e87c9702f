use std::time::Duration;

use clap::Args;
use storage_core::StoreOptions;

use crate::config::duration::duration;
use crate::config::{Config, Refused};

#[derive(Debug, Args)]
#[command(next_help_heading = "Compaction")]
pub(super) struct CompactionFlags {
    /// Versions that a compaction removes in one step
    #[arg(long, value_name = "N", default_value_t = StoreOptions::default().compaction_batch)]
    compaction_batch_limit: usize,
    /// Pause between two steps of a compaction
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2ms")]
    compaction_sleep_interval: Duration,
}

impl CompactionFlags {
    #[expect(clippy::unnecessary_wraps, reason = "automatic compaction has values that make no sense together")]
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        config.store.compaction_batch = self.compaction_batch_limit;
        config.store.compaction_pause = self.compaction_sleep_interval;
        Ok(())
    }
}
