use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::error::TlsError;
use super::load::{Pair, load};
use super::options::TlsOptions;

/// What is served with, read again when a file has changed.
pub(super) struct Reloading {
    files: Arc<Files>,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Seen>,
}

/// The files as they were when they were last looked at.
struct Seen {
    at: Instant,
    stamps: Vec<Stamp>,
}

/// What changes with a file. `None`: it cannot be seen.
type Stamp = Option<[i64; 6]>;

impl Reloading {
    /// Reads the files for the first time.
    pub(super) fn new(options: TlsOptions, cert: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let files = Files { options, cert, key };
        let seen = Seen { at: Instant::now(), stamps: files.stamps() };
        let config = ArcSwap::from_pointee(files.load()?);
        Ok(Self { files: Arc::new(files), config, seen: Mutex::new(seen) })
    }

    pub(super) fn options(&self) -> &TlsOptions {
        &self.files.options
    }

    /// What to serve the next connection with. Now and then the files are looked at for that; who comes at the same time does
    /// not wait for it.
    pub(super) async fn current(&self) -> Arc<ServerConfig> {
        if let Ok(mut seen) = self.seen.try_lock()
            && seen.at.elapsed() >= self.files.options.reload_interval
        {
            seen.at = Instant::now();
            self.look(&mut seen).await;
        }
        self.config.load_full()
    }

    async fn look(&self, seen: &mut Seen) {
        let files = Arc::clone(&self.files);
        let before = seen.stamps.clone();
        // Folders of secrets may be on a network.
        let looked = spawn_blocking(move || files.load_if_changed(&before)).await;
        let Ok(Some((stamps, loaded))) = looked else { return };
        seen.stamps = stamps;
        match loaded {
            Ok(config) => {
                self.config.store(Arc::new(config));
                tracing::info!(cert_file = %self.files.cert.display(), "the files for TLS have changed and are loaded");
            }
            Err(error) => {
                tracing::warn!(%error, "the files for TLS have changed and cannot be used; the old ones stay in use");
            }
        }
    }
}

struct Files {
    options: TlsOptions,
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    fn load(&self) -> Result<ServerConfig, TlsError> {
        load(&self.options, Pair { cert: &self.cert, key: &self.key })
    }

    /// The stamps are taken first: a file that changes while it is read is read again the next time.
    fn load_if_changed(&self, before: &[Stamp]) -> Option<(Vec<Stamp>, Result<ServerConfig, TlsError>)> {
        let stamps = self.stamps();
        (stamps != before).then(|| (stamps, self.load()))
    }

    fn stamps(&self) -> Vec<Stamp> {
        let named = [&self.options.trusted_ca_file, &self.options.client_crl_file];
        let paths = [&self.cert, &self.key].into_iter().chain(named.into_iter().flatten());
        paths.map(|path| fs::metadata(path).and_then(stamp).ok()).collect()
    }
}

/// Also of a link: Kubernetes replaces a secret's files by turning one.
fn stamp(file: fs::Metadata) -> io::Result<[i64; 6]> {
    let size = i64::try_from(file.size()).map_err(io::Error::other)?;
    Ok([file.ino().cast_signed(), size, file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()])
}
