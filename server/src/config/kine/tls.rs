use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, Refused};
use crate::tls::TlsOptions;

#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(super) struct TlsFlags {
    /// The server's certificate, PEM. Files for TLS are read again when they change
    #[arg(long, value_name = "FILE")]
    server_cert_file: Option<String>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    server_key_file: Option<String>,
    /// Certificates of those who sign clients' certificates, PEM. With it every client must show one
    #[arg(long, value_name = "FILE")]
    trusted_ca_file: Option<String>,
}

impl TlsFlags {
    /// kine serves without TLS where a file is missing. Whoever names one wants it.
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        let [cert_file, key_file, trusted_ca_file] =
            [self.server_cert_file, self.server_key_file, self.trusted_ca_file].map(file);
        if cert_file.is_some() != key_file.is_some() || trusted_ca_file.is_some() && cert_file.is_none() {
            let why = "--server-cert-file and --server-key-file are needed both, and with --trusted-ca-file too";
            return Err(Refused(why.to_owned()));
        }
        config.tls = TlsOptions { cert_file, key_file, trusted_ca_file, ..TlsOptions::default() };
        Ok(())
    }
}

/// An empty name is as good as none.
fn file(text: Option<String>) -> Option<PathBuf> {
    text.filter(|text| !text.is_empty()).map(PathBuf::from)
}
