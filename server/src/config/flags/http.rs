use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use crate::config::{Config, Refused};
use crate::listen::ListenUrl;
use crate::options::MetricsDetail;

#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP and metrics")]
pub(super) struct HttpFlags {
    /// Where plain HTTP is served; --listen-client-urls then serve gRPC alone. Default: both on --listen-client-urls
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    listen_client_http_urls: Vec<ListenUrl>,
    /// Where /metrics, /health, /livez and /readyz are served as well, and nothing else
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    listen_metrics_urls: Vec<ListenUrl>,
    /// How much /metrics says of calls; extensive adds how long each method's took
    #[arg(long, value_name = "DETAIL", value_enum, default_value = "basic")]
    metrics: Detail,
    /// Whether requests in JSON are answered, under /v3/
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, action = ArgAction::Set,
          default_value = "true", default_missing_value = "true", value_parser = BoolishValueParser::new())]
    enable_grpc_gateway: bool,
    /// Origins of the web pages that may read answers, separated by commas. * is all
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',', default_value = "*")]
    cors: Vec<String>,
    /// Host names under which plain HTTP without TLS may be asked, separated by commas. * is all
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', default_value = "*")]
    host_whitelist: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Detail {
    Basic,
    Extensive,
}

impl HttpFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        let any_port = |url: &ListenUrl| matches!(url, ListenUrl::Tcp { port: 0, .. });
        let mut twice = self.listen_client_http_urls.iter().filter(|url| config.listen.contains(url) && !any_port(url));
        if let Some(url) = twice.next() {
            // etcd's words.
            return Err(Refused(format!(
                "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url {url}"
            )));
        }
        config.listen_http = self.listen_client_http_urls;
        config.listen_metrics = self.listen_metrics_urls;
        config.server.metrics = match self.metrics {
            Detail::Basic => MetricsDetail::Basic,
            Detail::Extensive => MetricsDetail::Extensive,
        };
        let http = &mut config.server.http;
        http.gateway = self.enable_grpc_gateway;
        http.origins = self.cors;
        http.hosts = self.host_whitelist;
        Ok(())
    }
}
