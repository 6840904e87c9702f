use std::time::Duration;

use clap::Args;

use crate::config::Config;
use crate::config::duration::duration;
use crate::listen::ListenUrl;
use crate::options::KeepaliveOptions;

#[derive(Debug, Args)]
#[command(next_help_heading = "Listening")]
pub(super) struct ListenFlags {
    /// Where clients connect, separated by commas: http://host:port or unix:///path, with TLS https:// or unixs://
    #[arg(long, value_name = "URLS", value_delimiter = ',', default_value = "http://127.0.0.1:2379")]
    listen_client_urls: Vec<ListenUrl>,
    /// A client that pings more often than this is disconnected
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s")]
    grpc_keepalive_min_time: Duration,
    /// How long a connection is silent before it is pinged. 0 is never
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2h")]
    grpc_keepalive_interval: Duration,
    /// How long a ping may go unanswered before its connection is closed
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "20s")]
    grpc_keepalive_timeout: Duration,
}

impl ListenFlags {
    pub(super) fn apply(self, config: &mut Config) {
        config.listen = self.listen_client_urls;
        config.server.keepalive = KeepaliveOptions {
            min_time: self.grpc_keepalive_min_time,
            interval: (!self.grpc_keepalive_interval.is_zero()).then_some(self.grpc_keepalive_interval),
            timeout: self.grpc_keepalive_timeout,
        };
    }
}
