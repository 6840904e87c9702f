//! What the program is told: one typed configuration, whatever flags it came from.

mod auroch;
mod duration;
mod ignored;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use storage_core::StoreOptions;

pub(crate) use self::auroch::parse;
use crate::listen::ListenUrl;
use crate::options::ServerOptions;

/// All that the program needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) storage: Storage,
    pub(crate) store: StoreOptions,
    pub(crate) server: ServerOptions,
    pub(crate) listen: Vec<ListenUrl>,
    /// What was asked for and has no effect, or a risky one.
    pub(crate) warnings: Vec<String>,
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) dsn: String,
    /// A folder of ours, made if it is missing. Folders that a DSN names are the user's affair.
    pub(crate) data_dir: Option<PathBuf>,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogConfig {
    pub(crate) level: LogLevel,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    #[value(aliases = ["dpanic", "panic", "fatal"])]
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    #[value(aliases = ["console", "plain"])]
    Text,
    Json,
}
