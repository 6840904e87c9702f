use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use storage_core::{DEFAULT_QUOTA_BYTES, StoreOptions};

use crate::config::duration::duration;
use crate::config::{Config, Connections, Place};

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(super) struct DataFlags {
    /// Where the data is kept: sqlite:///path, sled:///path, postgres://user@host/database, or memory:// for nowhere. Default: auroch.db in the data directory
    #[arg(long, value_name = "DSN")]
    storage: Option<String>,
    #[command(flatten)]
    connections: ConnectionFlags,
    /// Folder of the database, made if it is missing. Not etcd's default.etcd, so that an etcd's data there stays untouched
    #[arg(long, value_name = "PATH", default_value = "auroch-data")]
    pub(super) data_dir: PathBuf,
    /// Size of the database at which writes are refused and the NOSPACE alarm is raised. 0 is 2 GiB, below 0 is no quota
    #[arg(long, value_name = "BYTES", default_value_t = 0, allow_hyphen_values = true)]
    quota_backend_bytes: i64,
    /// Memory for values that were read or written lately
    #[arg(long, value_name = "BYTES", default_value_t = StoreOptions::default().cache_bytes)]
    cache_bytes: u64,
    /// Least time between two syncs to the disk: writes that come in between share one, and wait for it. Spares flash, and takes nothing
    /// from durability
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    min_sync_interval: Duration,
    /// Answers writes before they are synced to the disk: what was acknowledged last is lost when the machine fails
    #[arg(long)]
    unsafe_no_fsync: bool,
}

/// Of PostgreSQL.
#[derive(Debug, Args)]
struct ConnectionFlags {
    /// Connections to PostgreSQL at a time, 4 at least: one appends, one listens, and the others read. 0 is 7
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    storage_max_connections: usize,
    /// How long a connection to PostgreSQL is kept that is not used. 0 is for ever
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    storage_connection_max_idle_time: Duration,
    /// How long a connection to PostgreSQL is kept. 0 is for ever
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    storage_connection_max_lifetime: Duration,
    /// How long PostgreSQL may work at a statement. Default: what the DSN says, or 10s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    storage_statement_timeout: Option<Duration>,
}

impl From<ConnectionFlags> for Connections {
    fn from(flags: ConnectionFlags) -> Self {
        Self {
            max: Some(flags.storage_max_connections).filter(|max| *max > 0),
            max_idle: None,
            max_idle_time: Some(or_for_ever(flags.storage_connection_max_idle_time)),
            max_lifetime: Some(or_for_ever(flags.storage_connection_max_lifetime)),
            statement_timeout: flags.storage_statement_timeout.filter(|time| !time.is_zero()),
        }
    }
}

impl DataFlags {
    pub(super) fn apply(self, config: &mut Config) {
        config.data_dir.clone_from(&self.data_dir);
        config.storage.place = self.storage.map_or(Place::DataDir(self.data_dir), Place::Dsn);
        config.storage.connections = self.connections.into();
        config.storage.fsync = !self.unsafe_no_fsync;
        config.store.cache_bytes = self.cache_bytes;
        config.store.min_group_interval = self.min_sync_interval;
        config.store.quota_bytes = quota_bytes(self.quota_backend_bytes);
        if self.unsafe_no_fsync {
            let warning = "--unsafe-no-fsync: writes are answered before they are synced to the disk";
            config.warnings.push(warning.to_owned());
        }
    }
}

fn or_for_ever(time: Duration) -> Duration {
    if time.is_zero() { Duration::MAX } else { time }
}

fn quota_bytes(flag: i64) -> Option<u64> {
    match flag {
        0 => Some(DEFAULT_QUOTA_BYTES),
        _ => u64::try_from(flag).ok(),
    }
}
