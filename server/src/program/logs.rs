use std::io::{IsTerminal as _, stderr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Below this level the libraries underneath say nothing: what they trace may hold keys and values.
const LIBRARIES: LevelFilter = LevelFilter::WARN;

/// Writes logs to standard error from now on.
pub(super) fn start(config: LogConfig) {
    let level = match config.level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let ours = ["server", "storage_core", "backend_sqlite", "backend_postgres"].map(|target| (target, level));
    let targets = Targets::new().with_default(level.min(LIBRARIES)).with_targets(ours);
    let registry = tracing_subscriber::registry().with(targets);
    let layer = fmt::layer().with_writer(stderr);
    match config.format {
        LogFormat::Text => registry.with(layer.with_target(false).with_ansi(stderr().is_terminal())).init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).init(),
    }
}
