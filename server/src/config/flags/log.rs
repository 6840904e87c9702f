use clap::Args;

use crate::config::{Config, LogConfig, LogFormat, LogLevel};

#[derive(Debug, Args)]
#[command(next_help_heading = "Logs")]
pub(super) struct LogFlags {
    /// How much is logged. Keys and values never are
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    log_level: LogLevel,
    /// How it is written, to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

impl LogFlags {
    pub(super) fn apply(self, config: &mut Config) {
        config.log = LogConfig { level: self.log_level, format: self.log_format };
    }
}
