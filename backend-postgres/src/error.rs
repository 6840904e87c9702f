//! Why a database could not be opened.

/// Why a database could not be opened: one line that says what to do. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The DSN makes no sense.
    #[error("the DSN of the PostgreSQL database makes no sense: {reason}")]
    Dsn {
        /// What is wrong with it, without a password.
        reason: String,
    },
    /// No host of the DSN could be reached.
    #[error("cannot reach PostgreSQL at {host}: {source}; is it running, and does the DSN name it right?")]
    Unreachable {
        /// The last host that was tried.
        host: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// All hosts that answer are standbys.
    #[error("PostgreSQL at {host} is a standby, which takes no writes: name the primary, or several hosts")]
    Standby {
        /// The last host that was tried.
        host: String,
    },
    /// The database is not there, and cannot be made.
    #[error(
        "database {database:?} does not exist and cannot be created: {source}; create it, or grant the role CREATEDB"
    )]
    NoDatabase {
        /// Its name.
        database: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The database or its tables are not there, and are not to be made.
    #[error("there is no store in database {database:?}; is that the right one?")]
    Missing {
        /// Its name.
        database: String,
    },
    /// The version of the tables cannot be read.
    #[error("cannot read the schema \"auroch\": {0}; may the role use it?")]
    Schema(#[source] sqlx::Error),
    /// The tables cannot be made, or brought to the version of this program. Nothing was changed.
    #[error(
        "cannot bring the schema \"auroch\" from version {from} to {to}: {source}; the role must own the schema with all its tables, or have the right to make it: GRANT CREATE ON DATABASE"
    )]
    Migration {
        /// The version in the database; 0 if there are no tables.
        from: i32,
        /// The version of this program.
        to: i32,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The connection broke before everything was known.
    #[error("cannot read from the database: {0}; try again")]
    Prepare(String),
    /// Written by a later version.
    #[error(
        "the database has schema version {found}, this program knows up to {known}; run the version that wrote it, or a later one"
    )]
    NewerSchema {
        /// The version in the database.
        found: i32,
        /// The newest version known here.
        known: i32,
    },
}
