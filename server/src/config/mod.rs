//! What the program is told: one typed configuration, whatever flags it came from.
//!
//! The program has three faces ([`Face`]), each with flags of its own that all end in one [`Config`]. [`flags`] has one file
//! for each group of flags that the program's own face and etcd's share; [`kine`] has kine's.

mod auroch;
mod copy;
mod duration;
mod environment;
mod etcd;
mod face;
mod flags;
mod go;
mod ignored;
mod kine;
mod restore;
mod setting;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use storage_core::StoreOptions;

pub(crate) use self::copy::CopyFlags;
pub(crate) use self::duration::duration;
pub(crate) use self::environment::Environment;
use self::face::Face;
pub(crate) use self::restore::RestoreFlags;
use crate::listen::ListenUrl;
use crate::options::ServerOptions;
use crate::tls::TlsOptions;
use crate::traces::TraceOptions;

/// What the program is asked to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Serve.
    Serve(Box<Config>),
    /// Restore a snapshot.
    Restore(Box<RestoreFlags>),
    /// Copy a store.
    Copy(CopyFlags),
    /// Print this, and end.
    Say(String),
}

/// What the arguments, of which the first is the program's name, and the environment ask for.
///
/// # Errors
/// If they make no sense, or ask for help: the error then prints what to say.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>, env: &Environment) -> Result<Action, clap::Error> {
    let (face, args) = Face::of(args);
    match face {
        Face::Auroch => auroch::parse(args, env),
        Face::Kine => kine::parse(args, env),
        Face::Etcd => etcd::parse(args, env),
    }
}

/// All that the program needs to know. The default is what it does without any flag.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Folder of the database, unless that is elsewhere, and of all else that is kept.
    pub(crate) data_dir: PathBuf,
    pub(crate) storage: Storage,
    pub(crate) store: StoreOptions,
    pub(crate) server: ServerOptions,
    pub(crate) listen: Vec<ListenUrl>,
    /// Where plain HTTP is served, if not beside gRPC.
    pub(crate) listen_http: Vec<ListenUrl>,
    /// Where monitors alone are served.
    pub(crate) listen_metrics: Vec<ListenUrl>,
    pub(crate) tls: TlsOptions,
    pub(crate) log: LogConfig,
    /// Where traces go, if they are wanted.
    pub(crate) traces: Option<TraceOptions>,
    /// What was asked for and has no effect, or a risky one.
    pub(crate) warnings: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "auroch-data".into(),
            storage: Storage {
                place: Place::DataDir("auroch-data".into()),
                fsync: true,
                connections: Connections::default(),
            },
            store: StoreOptions::default(),
            server: ServerOptions::default(),
            listen: Vec::new(),
            listen_http: Vec::new(),
            listen_metrics: Vec::new(),
            tls: TlsOptions::default(),
            log: LogConfig { level: LogLevel::Info, format: LogFormat::Text },
            traces: None,
            warnings: Vec::new(),
        }
    }
}

/// Why flags that are well-formed one by one make no sense together, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) place: Place,
    /// Whether writes are synced to the disk before they are answered.
    pub(crate) fsync: bool,
    pub(crate) connections: Connections,
}

/// Those to a database. What nobody has set is as the backend has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Connections {
    /// So many at a time, with those that append and listen.
    pub(crate) max: Option<usize>,
    /// So many of those that are not used are kept.
    pub(crate) max_idle: Option<usize>,
    /// How long one is kept that is not used.
    pub(crate) max_idle_time: Option<Duration>,
    /// How long one is kept.
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
}

#[derive(Clone, PartialEq, Eq)]
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
