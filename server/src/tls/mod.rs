//! TLS: certificates from files or of the server's own making, clients' certificates, and handshakes that cost nobody else.

mod ciphers;
mod client;
mod error;
mod files;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod handshake;
mod load;
mod names;
mod options;
mod rejected;
mod reload;
mod revocation;
mod selfsigned;
#[cfg(test)]
mod tests;
mod turns;
mod version;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::ciphers::CipherSuite;
pub use self::error::TlsError;
pub(crate) use self::handshake::Secured;
pub use self::options::{AutoTls, TlsOptions};
use self::rejected::Rejections;
use self::reload::Reloading;
use self::turns::Turns;
pub use self::version::TlsVersion;
use crate::listen::ListenUrl;

/// What listeners serve TLS with, loaded and checked. Cheap to clone; all clones reload their files together.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    reloading: Reloading,
    turns: Turns,
    rejections: Rejections,
}

impl Tls {
    /// Checks `options` and reads the files. `urls` are those that will be listened on: a certificate that is made is for them.
    ///
    /// # Errors
    /// If options do not go together, or a file cannot be used. Nothing is served then.
    pub fn load(options: TlsOptions, urls: &[ListenUrl]) -> Result<Self, TlsError> {
        options.check()?;
        let (cert, key) = certificate(&options, urls)?;
        let reloading = Reloading::new(options, cert, key)?;
        Ok(Self { shared: Arc::new(Shared { reloading, turns: Turns::new(), rejections: Rejections::new() }) })
    }
}

/// Where the certificate and its key are.
fn certificate(options: &TlsOptions, urls: &[ListenUrl]) -> Result<(PathBuf, PathBuf), TlsError> {
    match (&options.cert_file, &options.key_file, &options.auto_tls) {
        (Some(cert), Some(key), auto) => {
            if auto.is_some() {
                tracing::warn!("ignoring client auto TLS since certs given");
            }
            Ok((cert.clone(), key.clone()))
        }
        (_, _, Some(auto)) => {
            let hosts: Vec<_> = urls.iter().filter_map(|url| url.host().map(str::to_owned)).collect();
            selfsigned::provide(auto, &hosts)
        }
        _ => Err(TlsError::NoCertificate),
    }
}

/// The files, without what is in them.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("options", self.shared.reloading.options()).finish_non_exhaustive()
    }
}
