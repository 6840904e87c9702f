use clap::Args;

use crate::config::{Config, Refused};

#[derive(Debug, Args)]
#[command(next_help_heading = "Metrics")]
pub(super) struct MetricsFlags {
    /// Where /metrics is served: host:port or :port, with TLS if there is a certificate. 0 is nowhere
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_ADDRESS)]
    metrics_bind_address: String,
    /// Serve /metrics without TLS even if there is a certificate
    #[arg(long)]
    metrics_ignore_tls_config: bool,
}

const DEFAULT_ADDRESS: &str = ":8080";

impl MetricsFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        let address = match self.metrics_bind_address.as_str() {
            "0" => return Ok(()),
            "" => DEFAULT_ADDRESS,
            address => address,
        };
        let tls = config.tls.has_certificate() && !self.metrics_ignore_tls_config;
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://{address}").parse();
        config.listen_metrics = vec![url.map_err(|error| Refused(format!("--metrics-bind-address: {error}")))?];
        Ok(())
    }
}
