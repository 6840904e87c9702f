use std::time::Duration;

use clap::{Args, ValueEnum};
use storage_core::StoreOptions;

use crate::compaction::AutoCompaction;
use crate::config::duration::duration;
use crate::config::{Config, Refused};

#[derive(Debug, Args)]
#[command(next_help_heading = "Compaction")]
pub(super) struct CompactionFlags {
    /// Whether --auto-compaction-retention is a time or a number of revisions
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Periodic)]
    auto_compaction_mode: Mode,
    /// History that automatic compaction keeps: 5m, 1 (an hour) or, by revision, 1000. 0 is no automatic compaction
    #[arg(long, value_name = "RETENTION", default_value = "0")]
    auto_compaction_retention: String,
    /// Versions that a compaction removes in one step. 0 is the default
    #[arg(long, value_name = "N", default_value_t = StoreOptions::default().compaction_batch)]
    compaction_batch_limit: usize,
    /// Pause between two steps of a compaction
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2ms")]
    compaction_sleep_interval: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    Periodic,
    Revision,
}

impl CompactionFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        config.server.auto_compaction = self.auto()?;
        if self.compaction_batch_limit > 0 {
            config.store.compaction_batch = self.compaction_batch_limit;
        }
        config.store.compaction_pause = self.compaction_sleep_interval;
        Ok(())
    }

    /// A number alone is hours, as in etcd.
    fn auto(&self) -> Result<Option<AutoCompaction>, Refused> {
        let retention = self.auto_compaction_retention.as_str();
        let number: Option<u32> = retention.parse().ok();
        let rule = match (self.auto_compaction_mode, number) {
            (_, Some(0)) => return Ok(None),
            (Mode::Revision, Some(revisions)) => AutoCompaction::Revision(revisions.into()),
            (Mode::Periodic, Some(hours)) => AutoCompaction::Periodic(Duration::from_secs(3600) * hours),
            (Mode::Periodic, None) => match duration(retention) {
                Ok(period) if period.is_zero() => return Ok(None),
                Ok(period) => AutoCompaction::Periodic(period),
                Err(error) => return Err(malformed(retention, error)),
            },
            (Mode::Revision, None) => return Err(malformed(retention, "by revision, it is a number of revisions")),
        };
        Ok(Some(rule))
    }
}

fn malformed(retention: &str, why: &str) -> Refused {
    Refused(format!("invalid value '{retention}' for '--auto-compaction-retention <RETENTION>': {why}"))
}
