use std::time::Duration;

use clap::Args;

use crate::config::duration::progress_interval;
use crate::config::{Config, Refused};
use crate::options::EmulatedVersion;

/// The socket of a library that kine is.
const DEFAULT_SOCKET: &str = "kine.sock";

#[derive(Debug, Args)]
#[command(next_help_heading = "Listening")]
pub(super) struct ListenFlags {
    /// Where clients connect: host:port, tcp://host:port or unix://path, with TLS if there is a certificate
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:2379")]
    listen_address: String,
    /// How often a watch that asks for it is told of progress while it sees no events. At least 100ms
    #[arg(long, value_name = "DURATION", value_parser = progress_interval, default_value = "5s")]
    watch_progress_notify_interval: Duration,
    /// The etcd version that clients are told; some choose what they use by it
    #[arg(long, value_name = "VERSION", default_value = "3.6.11")]
    emulated_etcd_version: EmulatedVersion,
}

impl ListenFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        let url = url(&self.listen_address, config.tls.has_certificate()).parse();
        config.listen = vec![url.map_err(|error| Refused(format!("--listen-address: {error}")))?];
        config.server.watch_progress_interval = self.watch_progress_notify_interval;
        config.server.version = self.emulated_etcd_version;
        Ok(())
    }
}

/// kine cuts an address at the first `://`, and takes every scheme but `unix` for TCP.
fn url(address: &str, tls: bool) -> String {
    let (tcp, unix) = if tls { ("https", "unixs") } else { ("http", "unix") };
    match address.split_once("://") {
        Some(("unix", path)) => format!("{unix}://{path}"),
        Some((_, address)) => format!("{tcp}://{address}"),
        None if address.is_empty() => format!("{unix}://{DEFAULT_SOCKET}"),
        None => format!("{tcp}://{address}"),
    }
}
