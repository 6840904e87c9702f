use std::fmt;
use std::str::FromStr;

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite as suite;

use super::error::TlsError;

/// The suites that are offered, by the names that Go and IANA give them.
const OFFERED: [(&str, SupportedCipherSuite); 9] = [
    ("TLS_AES_128_GCM_SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", suite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// Suites that Go knows and that are not offered here: without forward secrecy, or with broken ciphers. Lists for etcd name
/// them, so they are understood; leaving them out makes nothing weaker.
const NOT_OFFERED: [&str; 16] = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_RC4_128_SHA",
];

/// A cipher suite, by Go's name. etcd's two older names for ChaCha20, without `_SHA256`, are understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CipherSuite {
    name: &'static str,
    suite: Option<SupportedCipherSuite>,
}

impl CipherSuite {
    /// Whether it is ever used. One that is not is accepted, because lists for etcd name it.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.suite.is_some()
    }
}

impl FromStr for CipherSuite {
    type Err = TlsError;

    fn from_str(text: &str) -> Result<Self, TlsError> {
        let is_older_name = text.starts_with("TLS_ECDHE_") && text.ends_with("_CHACHA20_POLY1305");
        let full = if is_older_name { format!("{text}_SHA256") } else { text.to_owned() };
        if let Some(&(name, suite)) = OFFERED.iter().find(|(name, _)| *name == full) {
            return Ok(Self { name, suite: Some(suite) });
        }
        let name = NOT_OFFERED.into_iter().find(|name| *name == text);
        name.map(|name| Self { name, suite: None }).ok_or_else(|| TlsError::UnknownSuite(text.to_owned()))
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The names that may be given and have an effect, for a message.
pub(super) fn known_names() -> String {
    OFFERED.map(|(name, _)| name).join(", ")
}

/// Whether TLS 1.2 is possible with these.
pub(super) fn any_of_tls12(chosen: &[CipherSuite]) -> bool {
    chosen.iter().any(|chosen| chosen.suite.is_some_and(|suite| suite.tls13().is_none()))
}

/// What is offered where `chosen` was asked for: of TLS 1.2 those, and of TLS 1.3 all, as in Go.
pub(super) fn offered(chosen: &[CipherSuite]) -> Vec<SupportedCipherSuite> {
    let is_chosen = |suite: &SupportedCipherSuite| {
        chosen.is_empty() || suite.tls13().is_some() || chosen.iter().any(|chosen| chosen.suite == Some(*suite))
    };
    rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES.iter().copied().filter(is_chosen).collect()
}
