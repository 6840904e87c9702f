//! The tables, and how a database says which version of them it has.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Error};

use crate::connect::{ConnectError, Connector};
use crate::error::OpenError;

/// A change of the tables raises it and brings a migration from the version before.
const SCHEMA_VERSION: i32 = 1;
/// Where one can always connect, for making a database.
const MAINTENANCE_DATABASE: &str = "postgres";
/// Two servers that start on an empty database at once take turns. "auroch" as a number.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(x'6175726f6368'::bigint)";

/// Values are compressed by nobody twice: `EXTERNAL` keeps them as they are. The head's page has room for its next versions, so
/// that moving it never touches an index.
const CREATE: &str = "
CREATE SCHEMA IF NOT EXISTS auroch;
CREATE TABLE auroch.schema_version (version integer NOT NULL);
CREATE TABLE auroch.head (one boolean PRIMARY KEY DEFAULT true CHECK (one), position bigint NOT NULL, revision bigint NOT NULL)
    WITH (fillfactor = 10);
CREATE TABLE auroch.commits (revision bigint PRIMARY KEY, position bigint NOT NULL, data bytea NOT NULL);
ALTER TABLE auroch.commits ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE auroch.control_log (position bigint PRIMARY KEY, revision bigint NOT NULL, data bytea NOT NULL);
CREATE TABLE auroch.control (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE auroch.servers (id bigint PRIMARY KEY, name text NOT NULL, peer_urls text[] NOT NULL, client_urls text[] NOT NULL,
    seen_at timestamptz NOT NULL);
CREATE TABLE auroch.leader (one boolean PRIMARY KEY DEFAULT true CHECK (one), id bigint NOT NULL, seen_at timestamptz NOT NULL);
INSERT INTO auroch.head (position, revision) VALUES (0, 1);
INSERT INTO auroch.schema_version VALUES (1);
-- The lowest revision whose commit is behind a position. Positions ascend with revisions, so it is a binary search; revisions of
-- rows that were compacted or never there are passed over.
CREATE FUNCTION auroch.first_behind(after bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := coalesce((SELECT revision FROM auroch.commits ORDER BY revision DESC LIMIT 1), -1) + 1;
    middle bigint;
    entry record;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT revision, position INTO entry FROM auroch.commits WHERE revision >= middle ORDER BY revision LIMIT 1;
        IF FOUND AND entry.position <= after THEN
            low := entry.revision + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END $$;
";

/// Makes what is missing, the database included, and checks the rest.
pub(crate) async fn prepare(connector: &Connector) -> Result<(), OpenError> {
    let mut connection = match connector.connect().await {
        Err(ConnectError::Failed { source, .. }) if is_no_database(&source) => {
            create_database(connector).await?;
            connector.connect().await
        }
        connected => connected,
    }
    .map_err(OpenError::from)?;
    let found = create_tables(&mut connection).await.map_err(OpenError::Schema)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::NewerSchema { found, known: SCHEMA_VERSION });
    }
    let _ = connection.close().await;
    Ok(())
}

fn is_no_database(error: &Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "3D000")
}

async fn create_database(connector: &Connector) -> Result<(), OpenError> {
    let database = connector.database();
    let mut connection = connector.with_database(MAINTENANCE_DATABASE).connect().await.map_err(OpenError::from)?;
    let quoted = database.replace('"', "\"\"");
    let made = sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\""))).execute(&mut connection).await;
    match made {
        // Another server was quicker.
        Err(error) if already_there(&error) => Ok(()),
        Err(source) => Err(OpenError::NoDatabase { database: database.to_owned(), source }),
        Ok(_) => {
            tracing::info!(database, "the database was created");
            Ok(())
        }
    }
}

fn already_there(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("42P04" | "23505"))
}

/// The version of the tables, which are made if there are none.
async fn create_tables(connection: &mut PgConnection) -> Result<i32, Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(MIGRATION_LOCK).execute(&mut *transaction).await?;
    let there: bool = sqlx::query_scalar("SELECT to_regclass('auroch.schema_version') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await?;
    if !there {
        sqlx::raw_sql(CREATE).execute(&mut *transaction).await?;
    }
    let version = sqlx::query_scalar("SELECT version FROM auroch.schema_version").fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(version)
}

impl From<ConnectError> for OpenError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Failed { host, source } => Self::Unreachable { host, source },
            ConnectError::Standby { host } => Self::Standby { host },
        }
    }
}
