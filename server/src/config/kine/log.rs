use clap::{Args, ValueEnum};

use crate::config::{Config, LogConfig, LogFormat, LogLevel};

#[derive(Debug, Args)]
#[command(next_help_heading = "Logs")]
pub(super) struct LogFlags {
    /// Log more. Keys and values never are
    #[arg(long)]
    debug: bool,
    /// How logs are written, to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Plain)]
    log_format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Plain,
    Json,
}

impl LogFlags {
    pub(super) fn apply(self, config: &mut Config) {
        let format = match self.log_format {
            Format::Plain => LogFormat::Text,
            Format::Json => LogFormat::Json,
        };
        config.log = LogConfig { level: if self.debug { LogLevel::Debug } else { LogLevel::Info }, format };
    }
}
