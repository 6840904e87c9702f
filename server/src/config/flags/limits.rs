use std::time::Duration;

use clap::Args;
use storage_core::{DEFAULT_MAX_REQUEST_BYTES, DEFAULT_MAX_TXN_OPS};

use crate::config::Config;
use crate::config::duration::progress_interval;

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitFlags {
    /// Operations in each list of a transaction
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_TXN_OPS)]
    max_txn_ops: usize,
    /// Size of a request that writes
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT_MAX_REQUEST_BYTES)]
    max_request_bytes: usize,
    /// Streams open at a time on one connection. 0 is no limit
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    max_concurrent_streams: u32,
    /// How often a watch that asks for it is told of progress while it sees no events. At least 100ms
    #[arg(long, value_name = "DURATION", value_parser = progress_interval, default_value = "10m")]
    watch_progress_notify_interval: Duration,
}

impl LimitFlags {
    pub(super) fn apply(self, config: &mut Config) {
        config.store.max_txn_ops = self.max_txn_ops;
        config.store.max_request_bytes = self.max_request_bytes;
        config.server.max_request_bytes = self.max_request_bytes;
        // As in etcd. With none at all no call could be made.
        config.server.max_concurrent_streams = match self.max_concurrent_streams {
            0 => u32::MAX,
            streams => streams,
        };
        config.server.watch_progress_interval = self.watch_progress_notify_interval;
    }
}
