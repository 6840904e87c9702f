//! Copies of a file in use.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use storage_core::backend::{BackendError, Cause};

use crate::file::sync_directory;

/// Writes a consistent, compact copy of `database` to `to`, which must not exist. Reads one snapshot; appends go on.
pub(crate) async fn backup(database: &Path, to: &Path) -> Result<(), BackendError> {
    // SQLite accepts an empty file as the target, and this way nobody else ever could read the copy.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(to).map_err(|e| failed("cannot create the backup", e))?;
    let copied = copy(database, to).await;
    if copied.is_err() {
        // Half a copy helps nobody.
        let _ = std::fs::remove_file(to);
    }
    copied
}

async fn copy(database: &Path, to: &Path) -> Result<(), BackendError> {
    let name = to.to_str().ok_or_else(|| BackendError::determinate("the backup's path is not valid UTF-8"))?;
    let failed_sql = |e: sqlx::Error| failed("the backup failed", e);
    let options = SqliteConnectOptions::new().filename(database).read_only(true).disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed_sql)?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await.map_err(failed_sql)?;
    connection.close().await.map_err(failed_sql)?;
    let flushed = File::open(to).and_then(|file| file.sync_all()).and_then(|()| sync_directory(to));
    flushed.map_err(|e| failed("the backup could not be flushed", e))
}

fn failed(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BackendError {
    BackendError::Determinate(Cause::with_source(what, source))
}
