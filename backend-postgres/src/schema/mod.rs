//! The tables, how a database says which version of them it has, and how it gets to the newest.

mod database;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Error};

use self::database::{connect, connect_or_create};
use crate::connect::Connector;
use crate::error::OpenError;

/// Version n is what the first n steps make, in a database that is new and in one of an older version alike. A step that is in a
/// release is never edited: a change of the tables is one more.
///
/// Servers of older versions may be at work while a step runs. A step that they must not outlive renames the table `head`: without
/// it they neither append nor read linearizably, and say that the database has changed.
const STEPS: [&str; 4] = [
    include_str!("1-tables.sql"),
    include_str!("2-first-behind.sql"),
    include_str!("3-turns.sql"),
    include_str!("4-turns-with-commits.sql"),
];

/// Servers that start at once take turns, however long one needs; a server that is stopped in the middle is cut off. "auroch" as
/// a number.
const BEGIN: &str = "
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SELECT pg_advisory_xact_lock(x'6175726f6368'::bigint);
-- A step that waits for a table keeps everybody else waiting for it.
SET LOCAL lock_timeout = '10s'";
/// As another server has just committed it: names are looked up in a cache, which may still hold that there is none.
const TABLE_EXISTS: &str = "
SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'auroch' AND tablename = 'schema_version')";
const SCHEMA_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'auroch')";
const VERSION: &str = "SELECT version FROM auroch.schema_version";
const SET_VERSION: &str = "UPDATE auroch.schema_version SET version = $1";

/// Makes what is missing, the database included, if it may `create`, and brings the rest to the newest version.
pub(crate) async fn prepare(connector: &Connector, create: bool) -> Result<(), OpenError> {
    let mut connection = if create { connect_or_create(connector).await } else { connect(connector).await }?;
    let found = version(&mut connection).await.map_err(OpenError::Schema)?;
    if found == 0 && !create {
        return Err(OpenError::Missing { database: connector.database().to_owned() });
    }
    if found != known() {
        migrate(&mut connection).await?;
    }
    let _ = connection.close().await;
    Ok(())
}

fn known() -> i32 {
    i32::try_from(STEPS.len()).expect("steps are few")
}

/// 0 if there are no tables.
async fn version(connection: &mut PgConnection) -> Result<i32, Error> {
    if exists(connection, TABLE_EXISTS).await? {
        sqlx::query_scalar(VERSION).fetch_one(connection).await
    } else {
        Ok(0)
    }
}

async fn exists(connection: &mut PgConnection, question: &'static str) -> Result<bool, Error> {
    sqlx::query_scalar(question).fetch_one(connection).await
}

/// All steps that are missing, or none.
async fn migrate(connection: &mut PgConnection) -> Result<(), OpenError> {
    let mut transaction = connection.begin_with(BEGIN).await.map_err(OpenError::Schema)?;
    // Another server may have been quicker.
    let found = version(&mut transaction).await.map_err(OpenError::Schema)?;
    let known = known();
    let done = usize::try_from(found).ok().filter(|_| found <= known);
    let Some(done) = done else { return Err(OpenError::NewerSchema { found, known }) };
    if found == known {
        return Ok(());
    }
    let failed = |source| OpenError::Migration { from: found, to: known, source };
    run(&mut transaction, &STEPS[done..]).await.map_err(failed)?;
    sqlx::query(SET_VERSION).bind(known).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    tracing::info!(from = found, to = known, "the schema of the database was brought up to date");
    Ok(())
}

async fn run(connection: &mut PgConnection, steps: &'static [&str]) -> Result<(), Error> {
    // A role may have been given the schema, and no right to make one.
    if !exists(connection, SCHEMA_EXISTS).await? {
        sqlx::raw_sql("CREATE SCHEMA auroch").execute(&mut *connection).await?;
    }
    for step in steps {
        sqlx::raw_sql(*step).execute(&mut *connection).await?;
    }
    Ok(())
}
