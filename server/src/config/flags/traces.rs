use clap::Args;

use crate::config::Config;
use crate::traces::{MILLION, TraceOptions};

#[derive(Debug, Args)]
#[command(next_help_heading = "Traces")]
pub(super) struct TraceFlags {
    /// Send spans of calls to a collector of OpenTelemetry. Keys and values are not in them
    #[arg(long)]
    enable_distributed_tracing: bool,
    /// Where the collector is, which speaks OTLP over gRPC without TLS
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:4317")]
    distributed_tracing_address: String,
    /// The name that all servers of this kind share
    #[arg(long, value_name = "NAME", default_value = "auroch")]
    distributed_tracing_service_name: String,
    /// The name of this server
    #[arg(long, value_name = "ID")]
    distributed_tracing_instance_id: Option<String>,
    /// Calls of a million that are traced where their clients do not say whether to
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(MILLION)))]
    distributed_tracing_sampling_rate: u32,
}

impl TraceFlags {
    pub(super) fn apply(self, config: &mut Config) {
        config.traces = self.enable_distributed_tracing.then_some(TraceOptions {
            address: self.distributed_tracing_address,
            service_name: self.distributed_tracing_service_name,
            instance_id: self.distributed_tracing_instance_id.filter(|id| !id.is_empty()),
            sampled_per_million: self.distributed_tracing_sampling_rate,
        });
    }
}
