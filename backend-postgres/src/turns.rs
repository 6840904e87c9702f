//! Turns to append: an advisory lock, which PostgreSQL gives in the order in which it was asked for.

use sqlx::postgres::PgConnection;
use storage_core::Position;
use storage_core::backend::{ScanFrom, ScanLimits};
use storage_core::commit::Commit;

use crate::connect::Pool;
use crate::failure::Result;
use crate::reader::scan;
use crate::shared::Shared;

/// Whoever has the turn may be stopped, so it is not waited for without end.
const TAKE: &str = "SELECT auroch.take_turn()";
const RELEASE: &str = "SELECT pg_advisory_unlock_all()";

/// Waits for a turn; answers where the log ends, and what is new to this store there. All on one connection, since everybody else
/// waits for it.
pub(crate) async fn take(connection: &mut PgConnection, shared: &Shared) -> Result<(Position, Vec<Commit>)> {
    let taken = take_and_read(connection, shared).await;
    if taken.as_ref().is_err_and(|failure| failure.keeps_connection()) {
        // The reading may have failed once the lock was there.
        sqlx::raw_sql(RELEASE).execute(connection).await?;
    }
    taken
}

async fn take_and_read(connection: &mut PgConnection, shared: &Shared) -> Result<(Position, Vec<Commit>)> {
    let end: i64 = sqlx::query_scalar(TAKE).fetch_one(&mut *connection).await?;
    let (end, come) = (Position(end.cast_unsigned()), shared.has_come().position);
    if end <= come {
        return Ok((end, Vec::new()));
    }
    Ok((end, scan(connection, ScanFrom::After(come), ScanLimits::default(), shared).await?))
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
