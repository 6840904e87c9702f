use std::time::Duration;

use clap::Args;

use crate::config::Connections;
use crate::config::duration::duration;

/// Connections that kine keeps unless it is told.
const DEFAULT_IDLE: i64 = 20;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connections to PostgreSQL")]
pub(super) struct ConnectionFlags {
    /// Connections at a time, 4 at least: one appends, one listens, and the others read. 0 is 7
    #[arg(long, value_name = "COUNT", default_value_t = 0, allow_hyphen_values = true)]
    datastore_max_open_connections: i64,
    /// Connections that are kept though nobody uses them. 0 is 20, below 0 is none
    #[arg(long, value_name = "COUNT", default_value_t = 0, allow_hyphen_values = true)]
    datastore_max_idle_connections: i64,
    /// How long a connection is kept. 0 is for ever
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    datastore_connection_max_lifetime: Duration,
    /// How long a connection is kept that nobody uses. 0 is for ever
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration)]
    datastore_connection_max_idle_time: Duration,
}

impl From<ConnectionFlags> for Connections {
    fn from(flags: ConnectionFlags) -> Self {
        let idle = match flags.datastore_max_idle_connections {
            0 => DEFAULT_IDLE,
            count => count.max(0),
        };
        let set = |time: Duration| Some(time).filter(|time| !time.is_zero());
        Self {
            max: usize::try_from(flags.datastore_max_open_connections).ok().filter(|max| *max > 0),
            max_idle: usize::try_from(idle).ok(),
            max_idle_time: Some(set(flags.datastore_connection_max_idle_time).unwrap_or(Duration::MAX)),
            max_lifetime: set(flags.datastore_connection_max_lifetime),
            statement_timeout: None,
        }
    }
}
