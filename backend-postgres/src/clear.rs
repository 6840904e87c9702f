//! Making a log empty again.

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use storage_core::Position;

use crate::failure::Result;

const MOVE: &str = "UPDATE auroch.head SET position = 0, revision = 1 WHERE position = $1";
const TRUNCATE: &str = "TRUNCATE auroch.commits, auroch.control_log, auroch.control, auroch.servers, auroch.leader";

/// Removes everything if the log ends at `end`. Otherwise it answers false and has removed nothing.
pub(crate) async fn clear(connection: &mut PgConnection, end: Position) -> Result<bool> {
    let mut transaction = connection.begin().await?;
    let moved = sqlx::query(MOVE).bind(end.0.cast_signed()).execute(&mut *transaction).await?.rows_affected() == 1;
    if moved {
        sqlx::raw_sql(TRUNCATE).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(moved)
}
