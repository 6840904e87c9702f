//! Turns to append: an advisory lock, which PostgreSQL gives in the order in which it was asked for.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use storage_core::Position;

use crate::connect::Pool;
use crate::failure::Result;

/// One round trip. Whoever has the turn may be stopped, so it is not waited for without end. The end of the log is read after the
/// lock is there, in a picture of its own. "turns" as a number.
const TAKE: &str = "
SET lock_timeout = '1s';
SELECT pg_advisory_lock(x'7475726e73'::bigint);
SET lock_timeout = 0;
SELECT position FROM auroch.head";
const RELEASE: &str = "SELECT pg_advisory_unlock(x'7475726e73'::bigint)";

/// Waits for a turn; answers where the log ends.
pub(crate) async fn take(connection: &mut PgConnection) -> Result<Position> {
    let rows = sqlx::raw_sql(TAKE).fetch_all(connection).await?;
    let position: i64 = rows.last().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    Ok(Position(position.cast_unsigned()))
}

/// Ends the turn of the connection when it is dropped. If the connection is gone, so is the turn.
pub(crate) struct Guard(pub(crate) Pool);

impl Drop for Guard {
    fn drop(&mut self) {
        let writer = self.0.clone();
        let release = async move {
            let released = writer.with(|connection| {
                Box::pin(async move {
                    sqlx::raw_sql(RELEASE).execute(connection).await?;
                    Ok(())
                })
            });
            if let Err(error) = released.await {
                tracing::debug!(%error, "a turn ends with its connection");
            }
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(release);
        }
    }
}
