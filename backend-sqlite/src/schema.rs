//! The tables, and how a file says that it is ours. Opening is not hot, so all of it goes through sqlx.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::error::OpenError;

/// "Auro": stands in the header of every file of ours.
pub(crate) const APPLICATION_ID: i32 = 0x4175_726f;
/// Stands in the header too. A change of the tables raises it and brings a migration from the version before.
pub(crate) const SCHEMA_VERSION: i32 = 1;

/// Pragmas first: page size and vacuum mode are fixed by the first table.
const CREATE: &str = "
PRAGMA page_size = 4096;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA synchronous = FULL;
BEGIN;
CREATE TABLE commits (revision INTEGER PRIMARY KEY, position INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE control_log (position INTEGER PRIMARY KEY, revision INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE control (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA application_id = 1098216047;
PRAGMA user_version = 1;
COMMIT;
PRAGMA journal_mode = WAL;
";

/// Makes a new, empty database of the file at `path`, which must be empty.
pub(crate) async fn create(path: &Path) -> Result<(), sqlx::Error> {
    let mut connection = connect(path, Duration::ZERO).await?;
    sqlx::raw_sql(CREATE).execute(&mut connection).await?;
    connection.close().await
}

/// Checks that the file is a database of ours in a version known here, and puts it into WAL mode: a copy that
/// `VACUUM INTO` made is not.
pub(crate) async fn check(path: &Path, busy_timeout: Duration) -> Result<(), OpenError> {
    let failed = || OpenError::sqlx(path);
    let mut connection = connect(path, busy_timeout).await.map_err(failed())?;
    let id: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await.map_err(failed())?;
    let version: i32 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.map_err(failed())?;
    recognise(path, id, version)?;
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut connection).await.map_err(failed())?;
    if mode != "wal" {
        return Err(OpenError::sqlite(path)("its file system cannot share memory, which a write-ahead log needs"));
    }
    connection.close().await.map_err(failed())
}

/// Whether a file with these marks can be used.
pub(crate) fn recognise(path: &Path, application_id: i32, version: i32) -> Result<(), OpenError> {
    if application_id != APPLICATION_ID || version < 1 {
        return Err(OpenError::OtherProgram { path: path.into() });
    }
    if version > SCHEMA_VERSION {
        return Err(OpenError::NewerSchema { path: path.into(), found: version, known: SCHEMA_VERSION });
    }
    Ok(())
}

async fn connect(path: &Path, busy_timeout: Duration) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(path).busy_timeout(busy_timeout).disable_statement_logging().connect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_that_create_a_file_carry_the_marks_it_is_known_by() {
        assert!(CREATE.contains(&format!("application_id = {APPLICATION_ID};")));
        assert!(CREATE.contains(&format!("user_version = {SCHEMA_VERSION};")));
        assert_eq!(APPLICATION_ID.to_be_bytes(), *b"Auro");
    }
}
