use clap::Args;

use crate::config::Config;
use crate::options::{EmulatedVersion, MemberOptions};

#[derive(Debug, Args)]
#[command(next_help_heading = "What the server says of itself")]
pub(super) struct MemberFlags {
    /// What MemberList tells clients to connect to. Default: where the server listens
    #[arg(long, value_name = "URLS", value_delimiter = ',')]
    advertise_client_urls: Vec<String>,
    /// What MemberList shows as the address for other members. There are none, and nothing listens there
    #[arg(long, value_name = "URLS", value_delimiter = ',', default_value = "http://localhost:2380")]
    initial_advertise_peer_urls: Vec<String>,
    /// What MemberList shows as this server's name
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub(super) name: String,
    /// The etcd version that clients are told; some choose what they use by it
    #[arg(long, value_name = "VERSION", default_value_t = EmulatedVersion::default())]
    emulate_version: EmulatedVersion,
}

impl MemberFlags {
    pub(super) fn apply(self, config: &mut Config) {
        config.server.version = self.emulate_version;
        config.server.member = MemberOptions {
            name: self.name,
            peer_urls: self.initial_advertise_peer_urls,
            client_urls: self.advertise_client_urls,
        };
    }
}
