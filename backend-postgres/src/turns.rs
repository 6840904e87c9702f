//! Turns to append: an advisory lock, which PostgreSQL gives in the order in which it was asked for.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use storage_core::backend::{Bounds, ScanLimits};
use storage_core::commit::{Commit, decode_commit};
use storage_core::{Position, Revision};

use crate::connect::Pool;
use crate::failure::Result;
use crate::reader::most;
use crate::shared::Shared;

/// Whoever has the turn may be stopped, so it is not waited for without end.
const TAKE: &str = "SELECT place, at_revision, content FROM auroch.take_turn($1, $2, $3, $4)";
/// One turn, of several that the session may have for a moment. "turns" as a number.
const RELEASE: &str = "SELECT pg_advisory_unlock(x'7475726e73'::bigint)";
/// Nobody knows whether there is one.
const RELEASE_ALL: &str = "SELECT pg_advisory_unlock_all()";

/// Waits for a turn; answers where the log ends, and what is new to this store there. All in one step, since everybody else
/// waits for it.
pub(crate) async fn take(connection: &mut PgConnection, shared: &Shared) -> Result<(Position, Vec<Commit>)> {
    let taken = take_and_read(connection, shared).await;
    if taken.as_ref().is_err_and(|failure| failure.keeps_connection()) {
        // The reading may have failed once the lock was there.
        sqlx::raw_sql(RELEASE_ALL).execute(connection).await?;
    }
    taken
}

async fn take_and_read(connection: &mut PgConnection, shared: &Shared) -> Result<(Position, Vec<Commit>)> {
    let (known, limits) = (shared.has_come(), ScanLimits::default());
    let query = sqlx::query_as(TAKE).bind(known.position.0.cast_signed()).bind(known.revision.0);
    let mut rows = query.bind(most(limits.commits)).bind(most(limits.bytes)).fetch(connection);
    let (mut end, mut commits) = (known.position, Vec::new());
    while let Some(row) = rows.try_next().await? {
        let (position, revision, data): (i64, i64, Option<Vec<u8>>) = row;
        let place = Bounds { position: Position(position.cast_unsigned()), revision: Revision(revision) };
        match data {
            None => end = place.position,
            Some(data) => commits.push(decode_commit(place.position, place.revision, &data.into())?),
        }
    }
    if let Some(last) = commits.last() {
        shared.has_come_to(Bounds { position: last.position, revision: last.revision });
    }
    Ok((end, commits))
}

/// Ends the turn of the connection when it is dropped, unless an append has. If the connection is gone, so is the turn.
pub(crate) struct Guard {
    writer: Pool,
    ended: AtomicBool,
}

impl Guard {
    pub(crate) fn new(writer: Pool) -> Self {
        Self { writer, ended: AtomicBool::new(false) }
    }

    /// The turn has ended with an append.
    pub(crate) fn note_ended(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if *self.ended.get_mut() {
            return;
        }
        let writer = self.writer.clone();
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
