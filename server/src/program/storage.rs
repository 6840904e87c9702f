use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use storage_core::{Backend, MemoryBackend, OpenError, Store, StoreOptions};

use crate::config::Storage;

/// Why the data cannot be had, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum StorageError {
    #[error("cannot make the data directory {path}: {source}; choose another one with --data-dir")]
    DataDir { path: PathBuf, source: io::Error },
    #[error("{0:?} is no storage that this build knows; use --storage sqlite:///path or memory://")]
    UnknownDsn(String),
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Dsn(#[from] backend_sqlite::DsnError),
    #[error("cannot open {dsn}: {source}")]
    Open { dsn: String, source: OpenError },
}

/// Opens what the configuration names.
pub(super) async fn open(storage: &Storage, options: StoreOptions) -> Result<Store, StorageError> {
    let named = |source| StorageError::Open { dsn: without_password(&storage.dsn), source };
    let backend = backend(storage).await?;
    Store::open(backend, options).await.map_err(named)
}

async fn backend(storage: &Storage) -> Result<Arc<dyn Backend>, StorageError> {
    let dsn = &storage.dsn;
    let scheme = dsn.split(':').next().unwrap_or_default();
    match scheme {
        "memory" if matches!(dsn.as_str(), "memory:" | "memory://") => Ok(Arc::new(MemoryBackend::new())),
        #[cfg(feature = "sqlite")]
        "sqlite" => {
            let options = backend_sqlite::SqliteOptions::parse(dsn)?;
            make_data_dir(storage.data_dir.as_deref())?;
            let opened = backend_sqlite::SqliteBackend::open(options).await;
            let backend = opened.map_err(|source| StorageError::Open { dsn: dsn.clone(), source: source.into() })?;
            Ok(Arc::new(backend))
        }
        _ => Err(StorageError::UnknownDsn(without_password(dsn))),
    }
}

/// Makes the folder for its user alone.
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "the other backends have no folder"))]
fn make_data_dir(path: Option<&Path>) -> Result<(), StorageError> {
    let Some(path) = path else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StorageError::DataDir { path: path.to_owned(), source })
}

/// The DSN as it may be shown.
pub(super) fn without_password(dsn: &str) -> String {
    let Some((scheme, rest)) = dsn.split_once("://") else { return dsn.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}:***@{host}{path}"),
        None => dsn.to_owned(),
    }
}
