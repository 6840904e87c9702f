//! The program's own flags, named as etcd names them where the thing is the same.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser};
use storage_core::{DEFAULT_MAX_REQUEST_BYTES, DEFAULT_MAX_TXN_OPS, DEFAULT_QUOTA_BYTES, StoreOptions};

use super::duration::duration;
use super::{Config, LogConfig, LogFormat, LogLevel, Place, Storage, ignored};
use crate::listen::ListenUrl;
use crate::options::{EmulatedVersion, KeepaliveOptions, MIN_PROGRESS_INTERVAL, MemberOptions, ServerOptions};

const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (etcd API 3.7)");

const AFTER_HELP: &str = "\
Every flag may be given as --flag=value or --flag value, or in the environment: AUROCH_ and the flag's name in capitals,
with underscores, such as AUROCH_LISTEN_CLIENT_URLS. Flags of etcd's that only make sense in a cluster are accepted,
with a warning that they have no effect.

Examples:
  auroch
  auroch --data-dir /var/lib/auroch --listen-client-urls http://127.0.0.1:2379,unix:///run/auroch.sock
  auroch --storage 'sqlite:///var/lib/auroch/state.db' --log-format json
  auroch --storage memory://";

/// An etcd v3 API server on one database: SQLite, compiled in.
///
/// Started without flags it serves on 127.0.0.1:2379 and keeps its data in the folder auroch-data.
#[derive(Debug, Parser)]
#[command(name = "auroch", version = LONG_VERSION, after_help = AFTER_HELP, max_term_width = 120)]
struct Flags {
    #[command(flatten)]
    data: DataFlags,
    #[command(flatten)]
    listen: ListenFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
struct DataFlags {
    /// Where the data is kept: sqlite:///path, or memory:// for nowhere. Default: auroch.db in the data directory
    #[arg(long, env = "AUROCH_STORAGE", value_name = "DSN")]
    storage: Option<String>,
    /// Folder of the database, made if it is missing. Not etcd's default.etcd, so that an etcd's data there stays untouched
    #[arg(long, env = "AUROCH_DATA_DIR", value_name = "PATH", default_value = "auroch-data")]
    data_dir: PathBuf,
    /// Size of the database at which writes are refused and the NOSPACE alarm is raised. 0 is 2 GiB, below 0 is no quota
    #[arg(
        long,
        env = "AUROCH_QUOTA_BACKEND_BYTES",
        value_name = "BYTES",
        default_value_t = 0,
        allow_hyphen_values = true
    )]
    quota_backend_bytes: i64,
    /// Memory for values that were read or written lately
    #[arg(long, env = "AUROCH_CACHE_BYTES", value_name = "BYTES", default_value_t = StoreOptions::default().cache_bytes)]
    cache_bytes: u64,
    /// Versions that a compaction removes in one step
    #[arg(long, env = "AUROCH_COMPACTION_BATCH_LIMIT", value_name = "N", default_value_t = StoreOptions::default().compaction_batch)]
    compaction_batch_limit: usize,
    /// Pause between two steps of a compaction
    #[arg(long, env = "AUROCH_COMPACTION_SLEEP_INTERVAL", value_name = "DURATION", value_parser = duration, default_value = "2ms")]
    compaction_sleep_interval: Duration,
    /// Answers writes before they are synced to the disk: what was acknowledged last is lost when the machine fails
    #[arg(long, env = "AUROCH_UNSAFE_NO_FSYNC", value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_value_t = false, default_missing_value = "true", action = ArgAction::Set)]
    unsafe_no_fsync: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Listening")]
struct ListenFlags {
    /// Where clients connect, separated by commas: http://host:port or unix:///path
    #[arg(
        long,
        env = "AUROCH_LISTEN_CLIENT_URLS",
        value_name = "URLS",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:2379"
    )]
    listen_client_urls: Vec<ListenUrl>,
    /// What MemberList tells clients to connect to. Default: where the server listens
    #[arg(long, env = "AUROCH_ADVERTISE_CLIENT_URLS", value_name = "URLS", value_delimiter = ',')]
    advertise_client_urls: Vec<String>,
    /// What MemberList shows as the address for other members. There are none, and nothing listens there
    #[arg(
        long,
        env = "AUROCH_INITIAL_ADVERTISE_PEER_URLS",
        value_name = "URLS",
        value_delimiter = ',',
        default_value = "http://localhost:2380"
    )]
    initial_advertise_peer_urls: Vec<String>,
    /// What MemberList shows as this server's name
    #[arg(long, env = "AUROCH_NAME", value_name = "NAME", default_value = "default")]
    name: String,
    /// The etcd version that clients are told; some choose what they use by it
    #[arg(long, env = "AUROCH_EMULATE_VERSION", value_name = "VERSION", default_value_t = EmulatedVersion::default())]
    emulate_version: EmulatedVersion,
    /// A client that pings more often than this is disconnected
    #[arg(long, env = "AUROCH_GRPC_KEEPALIVE_MIN_TIME", value_name = "DURATION", value_parser = duration, default_value = "5s")]
    grpc_keepalive_min_time: Duration,
    /// How long a connection is silent before it is pinged. 0 is never
    #[arg(long, env = "AUROCH_GRPC_KEEPALIVE_INTERVAL", value_name = "DURATION", value_parser = duration, default_value = "2h")]
    grpc_keepalive_interval: Duration,
    /// How long a ping may go unanswered before its connection is closed
    #[arg(long, env = "AUROCH_GRPC_KEEPALIVE_TIMEOUT", value_name = "DURATION", value_parser = duration, default_value = "20s")]
    grpc_keepalive_timeout: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitFlags {
    /// Operations in each list of a transaction
    #[arg(long, env = "AUROCH_MAX_TXN_OPS", value_name = "N", default_value_t = DEFAULT_MAX_TXN_OPS)]
    max_txn_ops: usize,
    /// Size of a request that writes
    #[arg(long, env = "AUROCH_MAX_REQUEST_BYTES", value_name = "BYTES", default_value_t = DEFAULT_MAX_REQUEST_BYTES)]
    max_request_bytes: usize,
    /// Streams open at a time on one connection
    #[arg(long, env = "AUROCH_MAX_CONCURRENT_STREAMS", value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    max_concurrent_streams: u32,
    /// How often a watch that asks for it is told of progress while it sees no events. At least 100ms
    #[arg(long, env = "AUROCH_WATCH_PROGRESS_NOTIFY_INTERVAL", value_name = "DURATION", value_parser = progress_interval, default_value = "10m")]
    watch_progress_notify_interval: Duration,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Logs")]
struct LogFlags {
    /// How much is logged. Keys and values never are
    #[arg(long, env = "AUROCH_LOG_LEVEL", value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    log_level: LogLevel,
    /// How it is written, to standard error
    #[arg(long, env = "AUROCH_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// What the arguments ask for.
///
/// # Errors
/// If they make no sense, or ask for help or the version: the error then prints what to say.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Config, LogConfig), clap::Error> {
    let matches = ignored::accept(Flags::command()).try_get_matches_from(args)?;
    let flags = Flags::from_arg_matches(&matches)?;
    let log = LogConfig { level: flags.log.log_level, format: flags.log.log_format };
    Ok((flags.into_config(ignored::warnings(&matches)), log))
}

impl Flags {
    fn into_config(self, mut warnings: Vec<String>) -> Config {
        if self.data.unsafe_no_fsync {
            warnings.push("--unsafe-no-fsync: writes are answered before they are synced to the disk".to_owned());
        }
        let store = StoreOptions {
            cache_bytes: self.data.cache_bytes,
            quota_bytes: quota_bytes(self.data.quota_backend_bytes),
            max_txn_ops: self.limits.max_txn_ops,
            max_request_bytes: self.limits.max_request_bytes,
            compaction_batch: self.data.compaction_batch_limit,
            compaction_pause: self.data.compaction_sleep_interval,
            ..StoreOptions::default()
        };
        let server = ServerOptions {
            member: self.listen.member(),
            version: self.listen.emulate_version,
            max_request_bytes: self.limits.max_request_bytes,
            max_concurrent_streams: self.limits.max_concurrent_streams,
            watch_progress_interval: self.limits.watch_progress_notify_interval,
            keepalive: self.listen.keepalive(),
            ..ServerOptions::default()
        };
        Config { storage: self.data.storage(), store, server, listen: self.listen.listen_client_urls, warnings }
    }
}

impl DataFlags {
    fn storage(self) -> Storage {
        let place = self.storage.map_or(Place::DataDir(self.data_dir), Place::Dsn);
        Storage { place, fsync: !self.unsafe_no_fsync }
    }
}

impl ListenFlags {
    fn member(&self) -> MemberOptions {
        MemberOptions {
            name: self.name.clone(),
            peer_urls: self.initial_advertise_peer_urls.clone(),
            client_urls: self.advertise_client_urls.clone(),
        }
    }

    fn keepalive(&self) -> KeepaliveOptions {
        KeepaliveOptions {
            min_time: self.grpc_keepalive_min_time,
            interval: (!self.grpc_keepalive_interval.is_zero()).then_some(self.grpc_keepalive_interval),
            timeout: self.grpc_keepalive_timeout,
        }
    }
}

fn quota_bytes(flag: i64) -> Option<u64> {
    match flag {
        0 => Some(DEFAULT_QUOTA_BYTES),
        _ => u64::try_from(flag).ok(),
    }
}

fn progress_interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < MIN_PROGRESS_INTERVAL {
        return Err(format!("at least {MIN_PROGRESS_INTERVAL:?} is needed"));
    }
    Ok(interval)
}
