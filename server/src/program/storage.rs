use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(feature = "sqlite")]
use std::{fs, io};

use storage_core::{Backend, MemoryBackend, OpenError, Position, Store, StoreOptions};

use crate::config::{Place, Storage};

/// The name of the database in the data directory.
const DATABASE: &str = "auroch.db";

/// Which feature of this program brings the storages whose DSNs begin so.
const FEATURES: [(&str, &str); 4] =
    [("sqlite:", "sqlite"), ("sled:", "sled"), ("postgres://", "postgres"), ("postgresql://", "postgres")];

/// Where etcd keeps its own data in a data directory.
#[cfg(feature = "sqlite")]
const ETCDS_DATA: &str = "member";

/// Why the data cannot be had, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum StorageError {
    #[cfg(feature = "sqlite")]
    #[error("cannot make the data directory {path}: {source}; choose another one with --data-dir")]
    DataDir { path: PathBuf, source: io::Error },
    #[cfg(feature = "sqlite")]
    #[error(
        "{0} holds the data of an etcd, which are not read in place; they were left alone: choose another folder with \
         --data-dir"
    )]
    Etcds(PathBuf),
    #[error(
        "{0} is no storage that this program knows; use sqlite:///path, sled:///path, postgres://user@host/database or memory://"
    )]
    UnknownDsn(String),
    #[error(
        "{storage} needs the feature {feature}, which was left out of this build: build with it, or name another storage with \
         --storage"
    )]
    LeftOut { storage: String, feature: &'static str },
    #[error("--unsafe-no-fsync: {0} has no such setting; leave the flag out")]
    NoSuchSetting(String),
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Sqlite(#[from] backend_sqlite::OpenError),
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Postgres(#[from] backend_postgres::OpenError),
    #[cfg(feature = "sled")]
    #[error(transparent)]
    Sled(#[from] backend_sled::OpenError),
    #[error("there is no store at {0}; is that the right place?")]
    Missing(String),
    #[cfg(feature = "postgres")]
    #[error("another process writes to {0}")]
    Contended(String),
    #[error("cannot open {storage}: {source}")]
    Open { storage: String, source: OpenError },
}

/// Opens what the configuration names.
pub(super) async fn open(storage: &Storage, options: StoreOptions) -> Result<Store, StorageError> {
    let backend = backend(storage).await?;
    let opened = Store::open(backend, options).await;
    opened.map_err(|source| StorageError::Open { storage: storage.place.to_string(), source })
}

/// The file or directory of the database, where it is one.
pub(super) fn database(storage: &Storage) -> Option<PathBuf> {
    match &storage.place {
        Place::DataDir(path) => Some(path.join(DATABASE)),
        #[cfg(feature = "sqlite")]
        Place::Dsn(dsn) if dsn.starts_with("sqlite:") => Some(backend_sqlite::SqliteOptions::parse(dsn).ok()?.path),
        #[cfg(feature = "sled")]
        Place::Dsn(dsn) if dsn.starts_with("sled:") => Some(backend_sled::SledOptions::parse(dsn).ok()?.path),
        Place::Dsn(_) => None,
    }
}

/// Whether the data is gone with the program.
pub(super) fn is_memory(storage: &Storage) -> bool {
    matches!(&storage.place, Place::Dsn(dsn) if dsn.starts_with("memory:"))
}

/// Where files as large as the data have space: beside it.
pub(super) fn directory(storage: &Storage) -> Option<PathBuf> {
    let directory = database(storage)?.parent().map(Path::to_owned)?;
    Some(if directory.as_os_str().is_empty() { ".".into() } else { directory })
}

/// The log that is there. What is missing is not made.
pub(super) async fn existing(storage: &Storage) -> Result<Arc<dyn Backend>, StorageError> {
    if database(storage).is_some_and(|path| !path.exists()) {
        return Err(StorageError::Missing(storage.place.to_string()));
    }
    #[cfg(feature = "postgres")]
    if let Some(dsn) = postgres_dsn(storage) {
        let mut options = postgres_options(dsn, storage)?;
        options.create = false;
        return Ok(Arc::new(backend_postgres::PostgresBackend::open(options).await?));
    }
    #[cfg(feature = "sled")]
    if let Some(dsn) = sled_dsn(storage) {
        let mut options = backend_sled::SledOptions::parse(dsn)?;
        options.create = false;
        return Ok(Arc::new(backend_sled::SledBackend::open(options).await?));
    }
    backend(storage).await
}

/// Removes the log that ends at `end`, which nobody has open, and of which no store was made yet.
pub(super) async fn remove(storage: &Storage, end: Position) -> Result<(), StorageError> {
    #[cfg(feature = "postgres")]
    if let Some(dsn) = postgres_dsn(storage) {
        let log = backend_postgres::PostgresBackend::open(backend_postgres::PostgresOptions::parse(dsn)?).await?;
        let cleared = log.clear(end).await;
        let closed = log.close().await;
        return match cleared.and_then(|cleared| closed.map(|()| cleared)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StorageError::Contended(storage.place.to_string())),
            Err(error) => Err(StorageError::Open { storage: storage.place.to_string(), source: error.into() }),
        };
    }
    #[cfg(feature = "sled")]
    if let Some(dsn) = sled_dsn(storage) {
        return Ok(backend_sled::remove(&backend_sled::SledOptions::parse(dsn)?)?);
    }
    let _ = end;
    #[cfg(feature = "sqlite")]
    if let Some(path) = database(storage) {
        backend_sqlite::remove(&backend_sqlite::SqliteOptions::new(path)).await?;
    }
    Ok(())
}

#[cfg(feature = "postgres")]
fn postgres_options(dsn: &str, storage: &Storage) -> Result<backend_postgres::PostgresOptions, StorageError> {
    let mut options = backend_postgres::PostgresOptions::parse(dsn)?;
    for warning in &options.warnings {
        tracing::warn!("the DSN of PostgreSQL: {warning}");
    }
    let set = storage.connections;
    if let Some(max) = set.max {
        options.limit_connections(max);
    }
    options.max_idle = set.max_idle.unwrap_or(options.max_idle);
    options.max_idle_time = set.max_idle_time.unwrap_or(options.max_idle_time);
    options.max_lifetime = set.max_lifetime.unwrap_or(options.max_lifetime);
    options.statement_timeout = set.statement_timeout.unwrap_or(options.statement_timeout);
    Ok(options)
}

#[cfg(feature = "postgres")]
fn postgres_dsn(storage: &Storage) -> Option<&str> {
    match &storage.place {
        Place::Dsn(dsn) if dsn.starts_with("postgres://") || dsn.starts_with("postgresql://") => Some(dsn),
        _ => None,
    }
}

#[cfg(feature = "sled")]
fn sled_dsn(storage: &Storage) -> Option<&str> {
    match &storage.place {
        Place::Dsn(dsn) if dsn.starts_with("sled:") => Some(dsn),
        _ => None,
    }
}

/// Makes what is missing.
pub(super) async fn backend(storage: &Storage) -> Result<Arc<dyn Backend>, StorageError> {
    match &storage.place {
        #[cfg(feature = "sqlite")]
        Place::DataDir(path) => {
            make_data_dir(path)?;
            sqlite(backend_sqlite::SqliteOptions::new(path.join(DATABASE)), storage.fsync).await
        }
        #[cfg(feature = "sqlite")]
        Place::Dsn(dsn) if dsn.starts_with("sqlite:") => {
            sqlite(backend_sqlite::SqliteOptions::parse(dsn)?, storage.fsync).await
        }
        #[cfg(feature = "sled")]
        Place::Dsn(dsn) if dsn.starts_with("sled:") => {
            if !storage.fsync {
                return Err(StorageError::NoSuchSetting(storage.place.to_string()));
            }
            let options = backend_sled::SledOptions::parse(dsn)?;
            Ok(Arc::new(backend_sled::SledBackend::open(options).await?))
        }
        #[cfg(feature = "postgres")]
        Place::Dsn(dsn) if dsn.starts_with("postgres://") || dsn.starts_with("postgresql://") => {
            if !storage.fsync {
                return Err(StorageError::NoSuchSetting(storage.place.to_string()));
            }
            let options = postgres_options(dsn, storage)?;
            Ok(Arc::new(backend_postgres::PostgresBackend::open(options).await?))
        }
        Place::Dsn(dsn) if matches!(dsn.as_str(), "memory:" | "memory://") => match storage.fsync {
            true => Ok(Arc::new(MemoryBackend::new())),
            false => Err(StorageError::NoSuchSetting(dsn.clone())),
        },
        place => Err(unknown(place)),
    }
}

/// Why there is no backend for a storage.
fn unknown(place: &Place) -> StorageError {
    let storage = place.to_string();
    let brought = FEATURES.iter().find(|(scheme, _)| storage.starts_with(scheme));
    match brought {
        Some(&(_, feature)) => StorageError::LeftOut { storage, feature },
        None => StorageError::UnknownDsn(storage),
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(mut options: backend_sqlite::SqliteOptions, fsync: bool) -> Result<Arc<dyn Backend>, StorageError> {
    for warning in &options.warnings {
        tracing::warn!("--storage: {warning}");
    }
    if !fsync {
        options.durability = storage_core::Durability::OsCache;
    }
    Ok(Arc::new(backend_sqlite::SqliteBackend::open(options).await?))
}

/// Makes the folder for its user alone.
#[cfg(feature = "sqlite")]
fn make_data_dir(path: &Path) -> Result<(), StorageError> {
    use std::os::unix::fs::DirBuilderExt as _;
    // Beside them an empty store would look as if all had been lost.
    if path.join(ETCDS_DATA).exists() {
        return Err(StorageError::Etcds(path.to_owned()));
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| StorageError::DataDir { path: path.to_owned(), source })
}

/// As it may be shown: without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataDir(path) => write!(f, "sqlite://{}", path.join(DATABASE).display()),
            Self::Dsn(dsn) => f.write_str(&without_password(dsn)),
        }
    }
}

/// As it may be shown, too.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A password may stand before the host or among the parameters, and hold what should have been escaped. What is no URL may be
/// libpq's other form, words like `password=secret`, or lack the slashes alone, and begin with what may be shown.
fn without_password(dsn: &str) -> String {
    let Some((scheme, rest)) = dsn.split_once("://") else { return without_secrets(dsn) };
    let shown = |rest: &str| {
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        let query = query.map(|query| format!("?{}", query.split('&').map(parameter).collect::<Vec<_>>().join("&")));
        format!("{place}{}", query.unwrap_or_default())
    };
    let has_user = !rest.starts_with(['/', '?']);
    match rest.rsplit_once('@').filter(|_| has_user).and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}:***@{}", shown(host)),
        None => format!("{scheme}://{}", shown(rest)),
    }
}

fn without_secrets(words: &str) -> String {
    let lowercase = words.to_ascii_lowercase();
    let secret = lowercase.find("pass").into_iter().chain(lowercase.rfind('@').and_then(|_| lowercase.find(':'))).min();
    secret.map_or_else(|| words.to_owned(), |at| format!("{}***", &words[..at]))
}

fn parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if name.contains("pass") => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_whose_feature_was_left_out_names_it() {
        let dsn = |dsn: &str| Place::Dsn(dsn.to_owned());
        let left_out = [
            (Place::DataDir("data".into()), "sqlite"),
            (dsn("sqlite:a.db"), "sqlite"),
            (dsn("sled:///a"), "sled"),
            (dsn("postgres://me:secret@host/db"), "postgres"),
            (dsn("postgresql://host/db"), "postgres"),
        ];
        for (place, feature) in left_out {
            let said = unknown(&place).to_string();
            assert!(said.contains(&format!("needs the feature {feature}, which was left out")), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
        assert!(matches!(unknown(&dsn("mysql://host/db")), StorageError::UnknownDsn(_)));
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://me:secret@host:5432/db?x=y"), "postgres://me:***@host:5432/db?x=y");
        assert_eq!(
            without_password("postgres://host/db?user=me&password=secret&x=y"),
            "postgres://host/db?user=me&password=***&x=y"
        );
        let place = Place::Dsn("postgres://me:secret@host/db".to_owned());
        assert_eq!(format!("{place:?}"), "postgres://me:***@host/db");
        for unescaped in
            ["postgres://me:se/cret@host/db", "mysql://me:se?cret@host/db", "postgres://me:se@cret@host/db"]
        {
            let shown = without_password(unescaped);
            assert!(!shown.contains("cret") && shown.ends_with("@host/db"), "{shown}");
        }
        for dsn in ["sqlite:///a/b@c:d.db?x=y", "memory://", "postgres://me@host/db", "nonsense"] {
            assert_eq!(without_password(dsn), dsn);
        }
    }

    #[test]
    fn a_password_is_not_shown_of_what_is_no_url() {
        for (dsn, shown) in [
            ("host=db user=me password=secret dbname=x", "host=db user=me ***"),
            ("user=me PASSWORD = 'secret'", "user=me ***"),
            ("postgres:me:secret@host/db", "postgres***"),
            ("me:secret@tcp(host:3306)/db", "me***"),
            ("sqlite:data.db", "sqlite:data.db"),
        ] {
            assert_eq!(without_password(dsn), shown);
        }
    }
}
