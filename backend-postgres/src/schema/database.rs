//! The database, which is made if it is not there.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Error};

use crate::connect::{ConnectError, Connector};
use crate::error::OpenError;

/// Where one can always connect, for making a database.
const MAINTENANCE_DATABASE: &str = "postgres";
/// It copies another database, which may take longer than any other statement, and waits while somebody else does.
const UNLIMITED: &str = "SET statement_timeout = 0; SET lock_timeout = 0";

/// A connection to the database that is there.
pub(super) async fn connect(connector: &Connector) -> Result<PgConnection, OpenError> {
    connector.connect().await.map_err(|error| match error {
        ConnectError::Failed { source, .. } if is_no_database(&source) => {
            OpenError::Missing { database: connector.database().to_owned() }
        }
        error => error.into(),
    })
}

/// A connection to the database, which is made if it is missing.
pub(super) async fn connect_or_create(connector: &Connector) -> Result<PgConnection, OpenError> {
    match connector.connect().await {
        Err(ConnectError::Failed { source, .. }) if is_no_database(&source) => {
            create(connector).await?;
            Ok(connector.connect().await?)
        }
        connected => Ok(connected?),
    }
}

fn is_no_database(error: &Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "3D000")
}

async fn create(connector: &Connector) -> Result<(), OpenError> {
    let database = connector.database();
    let mut connection = connector.with_database(MAINTENANCE_DATABASE).connect().await?;
    let quoted = database.replace('"', "\"\"");
    let make = AssertSqlSafe(format!("CREATE DATABASE \"{quoted}\""));
    let made = async {
        sqlx::raw_sql(UNLIMITED).execute(&mut connection).await?;
        sqlx::raw_sql(make).execute(&mut connection).await
    };
    match made.await {
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

impl From<ConnectError> for OpenError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Failed { host, source } => Self::Unreachable { host, source },
            ConnectError::Standby { host } | ConnectError::Former { host } => Self::Standby { host },
        }
    }
}
