use std::path::PathBuf;
use std::time::Duration;

use super::ciphers::{self, CipherSuite};
use super::error::TlsError;
use super::version::TlsVersion;

/// How long a handshake may take. etcd's number.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often files are looked at, at most.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// What [`Tls`](super::Tls) is made of. Rules and meaning are etcd's; each field is named as its flag.
///
/// All files are PEM, and are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// The server's certificate, followed by those between it and the root.
    pub cert_file: Option<PathBuf>,
    /// Its key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key_file: Option<PathBuf>,
    /// Who signs clients' certificates. With it every client must show one.
    pub trusted_ca_file: Option<PathBuf>,
    /// Every client must show a certificate, and its common name is the user. Needs `trusted_ca_file`.
    pub client_cert_auth: bool,
    /// Certificates that are refused, by their serial numbers. DER as etcd has it, or PEM.
    pub client_crl_file: Option<PathBuf>,
    /// The common names that clients' certificates may have. Empty: any. etcd has it in its configuration file alone.
    pub client_cert_allowed_cns: Vec<String>,
    /// Names or addresses of which clients' certificates must have one. Empty: any. Not together with the common names.
    pub client_cert_allowed_hostnames: Vec<String>,
    /// The lowest version of TLS that is spoken.
    pub tls_min_version: TlsVersion,
    /// The highest one; `None` is the highest that there is.
    pub tls_max_version: Option<TlsVersion>,
    /// The suites of TLS 1.2 that are offered. Empty: all that are known. Those of TLS 1.3 are always offered.
    pub cipher_suites: Vec<CipherSuite>,
    /// A certificate of the server's own making, where no file is named.
    pub auto_tls: Option<AutoTls>,
    /// How long a handshake may take.
    pub handshake_timeout: Duration,
    /// How long files may have changed before that is seen.
    pub reload_interval: Duration,
}

/// Where a certificate of the server's own making is kept, and for how long it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoTls {
    /// The folder, made if it is missing. It gets `cert.pem` and `key.pem`; valid ones are used again.
    pub folder: PathBuf,
    /// Years of 365 days, at least one.
    pub validity_years: u32,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            cert_file: None,
            key_file: None,
            trusted_ca_file: None,
            client_cert_auth: false,
            client_crl_file: None,
            client_cert_allowed_cns: Vec::new(),
            client_cert_allowed_hostnames: Vec::new(),
            tls_min_version: TlsVersion::Tls12,
            tls_max_version: None,
            cipher_suites: Vec::new(),
            auto_tls: None,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            reload_interval: RELOAD_INTERVAL,
        }
    }
}

impl TlsOptions {
    /// Whether there is a certificate to be had. Without one no URL with TLS can be listened on.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.names_certificate() || self.auto_tls.is_some()
    }

    /// Whether files are named.
    pub(super) fn names_certificate(&self) -> bool {
        self.cert_file.is_some() || self.key_file.is_some()
    }

    /// Whether clients must show a certificate.
    pub(super) fn asks_clients(&self) -> bool {
        self.trusted_ca_file.is_some() || self.client_cert_auth
    }

    /// Checks what can be known to be wrong without TLS being served.
    ///
    /// # Errors
    /// If no version is left, or no suite.
    pub fn check_protocol(&self) -> Result<(), TlsError> {
        if let Some(max) = self.tls_max_version
            && self.tls_min_version > max
        {
            return Err(TlsError::MinAboveMax { min: self.tls_min_version, max });
        }
        if self.tls_min_version == TlsVersion::Tls13 && !self.cipher_suites.is_empty() {
            return Err(TlsError::SuitesOfTls13);
        }
        let lacks_tls12_suites = !self.cipher_suites.is_empty() && !ciphers::any_of_tls12(&self.cipher_suites);
        if lacks_tls12_suites && self.tls_max_version == Some(TlsVersion::Tls12) {
            return Err(TlsError::NoSuiteLeft);
        }
        Ok(())
    }

    /// Checks which options go together.
    pub(super) fn check(&self) -> Result<(), TlsError> {
        self.check_protocol()?;
        if self.cert_file.is_some() != self.key_file.is_some() {
            return Err(TlsError::HalfOfAPair);
        }
        if !self.client_cert_allowed_cns.is_empty() && !self.client_cert_allowed_hostnames.is_empty() {
            return Err(TlsError::BothKindsOfNames);
        }
        // etcd lets these have no effect; without an authority nobody would be checked.
        let needs_authority = [
            ("--client-cert-auth", self.client_cert_auth),
            ("--client-crl-file", self.client_crl_file.is_some()),
            ("--client-cert-allowed-hostname", !self.client_cert_allowed_hostnames.is_empty()),
            ("allowed-cn", !self.client_cert_allowed_cns.is_empty()),
        ];
        match needs_authority.iter().find(|(_, given)| *given && self.trusted_ca_file.is_none()) {
            Some((flag, _)) => Err(TlsError::NeedsAuthority { flag }),
            None => Ok(()),
        }
    }
}
