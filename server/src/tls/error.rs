use std::io;
use std::path::PathBuf;

use super::ciphers;
use super::version::TlsVersion;

/// Why TLS cannot be served, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Nothing to serve with.
    #[error("TLS needs a certificate: give --cert-file and --key-file, or --auto-tls")]
    NoCertificate,
    /// A certificate without a key, or the other way round.
    #[error("--cert-file and --key-file must both be given")]
    HalfOfAPair,
    /// Clients' names by two rules.
    #[error("allowed common names and --client-cert-allowed-hostname are mutually exclusive: give one of them")]
    BothKindsOfNames,
    /// A rule for certificates that nobody has to show.
    #[error("{flag} needs --trusted-ca-file: without it no certificate of a client can be checked")]
    NeedsAuthority {
        /// The rule.
        flag: &'static str,
    },
    /// etcd's words.
    #[error("min version ({min}) is greater than max version ({max})")]
    MinAboveMax {
        /// `--tls-min-version`
        min: TlsVersion,
        /// `--tls-max-version`
        max: TlsVersion,
    },
    /// etcd's words.
    #[error("cipher suites cannot be configured when only TLS1.3 is enabled")]
    SuitesOfTls13,
    /// All that was asked for is not offered here.
    #[error("none of --cipher-suites is offered for TLS1.2; known are {}", ciphers::known_names())]
    NoSuiteLeft,
    /// No such suite.
    #[error("unexpected TLS cipher suite {0:?}; known are {known}", known = ciphers::known_names())]
    UnknownSuite(String),
    /// No such version.
    #[error("unexpected TLS version {0:?} (must be one of: TLS1.2, TLS1.3)")]
    UnknownVersion(String),
    /// What no certificate can be for.
    #[error("--client-cert-allowed-hostname: {0:?} is neither the name of a host nor an address")]
    NoHostname(String),
    /// A file cannot be read.
    #[error("{flag}: cannot read {path}: {source}")]
    Read {
        /// Which one.
        flag: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{flag}: {path} holds no {expected}: {reason}")]
    Malformed {
        /// Which one.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A key that needs a password.
    #[error("--key-file: the key in {0} is encrypted; write it without a password, for instance by openssl pkey")]
    EncryptedKey(PathBuf),
    /// They do not belong together.
    #[error("the key in {key} is not that of the certificate in {cert}")]
    Mismatch {
        /// `--cert-file`
        cert: PathBuf,
        /// `--key-file`
        key: PathBuf,
    },
    /// A certificate of the server's own making cannot be made.
    #[error("--auto-tls: cannot make a certificate in {folder}: {reason}")]
    Auto {
        /// Where.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// A certificate that would be good for no time.
    #[error("--self-signed-cert-validity: expected a number of years from 1 to {max}")]
    Validity {
        /// The most.
        max: u32,
    },
    /// What was loaded cannot be served with.
    #[error("TLS cannot be served with these settings: {0}")]
    Unusable(String),
}
