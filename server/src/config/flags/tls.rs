use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::config::{Config, Refused};
use crate::tls::{AutoTls, CipherSuite, TlsError, TlsOptions};

/// Where etcd keeps the certificate that it makes, in the data directory.
const AUTO_TLS_FOLDER: &str = "fixtures/client";

/// Texts, and not paths and names, because an empty one is as good as none.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS, for https:// and unixs:// URLs")]
pub(super) struct TlsFlags {
    /// The server's certificate, PEM. Files for TLS are read again when they change
    #[arg(long, value_name = "FILE")]
    cert_file: Option<OsString>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    key_file: Option<OsString>,
    /// Certificates of those who sign clients' certificates, PEM. With it every client must show one
    #[arg(long, value_name = "FILE")]
    trusted_ca_file: Option<OsString>,
    /// The common name of a client's certificate is the user. Needs --trusted-ca-file
    #[arg(long)]
    client_cert_auth: bool,
    /// List of certificates that are refused
    #[arg(long, value_name = "FILE")]
    client_crl_file: Option<OsString>,
    /// Host names or addresses of which a client's certificate must have one, separated by commas. Default: any
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    client_cert_allowed_hostname: Vec<String>,
    /// Makes a certificate where none is named, in the data directory
    #[arg(long)]
    auto_tls: bool,
    /// For how many years that one is good
    #[arg(long, value_name = "YEARS", default_value_t = 1)]
    self_signed_cert_validity: u32,
    /// Suites of TLS 1.2, separated by commas, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. Default: all that are safe
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    cipher_suites: Vec<String>,
    /// The lowest version: TLS1.2 or TLS1.3
    #[arg(long, value_name = "VERSION", default_value = "TLS1.2")]
    tls_min_version: String,
    /// The highest version, likewise. Default: the highest there is
    #[arg(long, value_name = "VERSION")]
    tls_max_version: Option<String>,
}

impl TlsFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        let folder = config.data_dir.join(AUTO_TLS_FOLDER);
        let auto_tls = self.auto_tls.then_some(AutoTls { folder, validity_years: self.self_signed_cert_validity });
        let defaults = TlsOptions::default();
        let tls = TlsOptions {
            cert_file: file(self.cert_file),
            key_file: file(self.key_file),
            trusted_ca_file: file(self.trusted_ca_file),
            client_cert_auth: self.client_cert_auth,
            client_crl_file: file(self.client_crl_file),
            client_cert_allowed_hostnames: named(self.client_cert_allowed_hostname),
            tls_min_version: parsed(Some(self.tls_min_version))?.unwrap_or(defaults.tls_min_version),
            tls_max_version: parsed(self.tls_max_version)?,
            cipher_suites: suites(self.cipher_suites, &mut config.warnings)?,
            auto_tls,
            ..defaults
        };
        tls.check_protocol()?;
        config.tls = tls;
        Ok(())
    }
}

impl From<TlsError> for Refused {
    fn from(error: TlsError) -> Self {
        Self(error.to_string())
    }
}

fn file(text: Option<OsString>) -> Option<PathBuf> {
    text.filter(|text| !text.is_empty()).map(PathBuf::from)
}

fn named(names: Vec<String>) -> Vec<String> {
    names.into_iter().filter(|name| !name.is_empty()).collect()
}

fn parsed<T: FromStr<Err = TlsError>>(text: Option<String>) -> Result<Option<T>, TlsError> {
    text.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose()
}

fn suites(names: Vec<String>, warnings: &mut Vec<String>) -> Result<Vec<CipherSuite>, TlsError> {
    let suites = named(names).iter().map(|name| name.parse()).collect::<Result<Vec<CipherSuite>, _>>()?;
    for suite in suites.iter().filter(|suite| !suite.is_offered()) {
        warnings.push(format!("--cipher-suites: {suite} is not offered, because it is weak; the others are"));
    }
    Ok(suites)
}
