//! Telling an answer that takes long from one that is lost on the way.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::connect::Connector;

/// An answer that takes no longer than this is waited for.
const QUICK: Duration = Duration::from_secs(1);
/// How long the question about it may take.
const ASKING: Duration = Duration::from_secs(1);
/// Between two such questions, and what an answer that the database has given may still take.
const PAUSE: Duration = Duration::from_millis(200);

/// A session that is gone has no row.
const WORKS: &str = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state NOT LIKE 'idle%'";

const END: &str = "
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = $1 AND state LIKE 'idle%' AND usename = current_user AND application_name = 'auroch'";

/// Done once it is sure that the session `pid` will never answer: the database can be reached on another way, and does not work at what
/// the session was asked. A network that was cut sends what was lost again only after about as long as the cut was, and one
/// that forgot the connection not at all.
pub(crate) async fn lost(connector: &Connector, pid: i32) {
    sleep(QUICK).await;
    while !matches!(timeout(ASKING, works(connector, pid)).await, Ok(Some(false))) {
        sleep(PAUSE).await;
    }
    sleep(PAUSE).await;
    // Nobody hears that it is lost otherwise, and it may hold a turn.
    let _ = timeout(ASKING, end(connector, pid)).await;
}

async fn end(connector: &Connector, pid: i32) {
    if let Ok(mut connection) = connector.connect().await {
        let _ = sqlx::query(END).bind(pid).execute(&mut connection).await;
    }
}

/// Whether the session works at a statement, if that can be told.
async fn works(connector: &Connector, pid: i32) -> Option<bool> {
    let mut connection = connector.connect().await.ok()?;
    let working: i64 = sqlx::query_scalar(WORKS).bind(pid).fetch_one(&mut connection).await.ok()?;
    Some(working > 0)
}
