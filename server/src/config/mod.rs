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
    pub(crate) place: Place,
    /// Whether writes are synced to the disk before they are answered.
    pub(crate) fsync: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The database in a folder of ours, which is made if it is missing.
    DataDir(PathBuf),
    Dsn(String),
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
