//! Telling an answer that takes long from one that is lost on the way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::connect::Connector;
use crate::primary::Session;

/// An answer that takes no longer than this is waited for.
const QUICK: Duration = Duration::from_secs(1);
/// How long the question about it may take.
const ASKING: Duration = Duration::from_secs(1);
/// Between two such questions at first.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two such questions about a statement that is worked at for long.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// What an answer that the database has given may still take.
const UNDER_WAY: Duration = Duration::from_millis(200);

/// A session that is gone has no row.
const WORKS: &str = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state NOT LIKE 'idle%'";

const END: &str = "
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = $1 AND state LIKE 'idle%' AND usename = current_user AND application_name = 'auroch'";

/// The other way to the database, one for all: a database that is slow is so for many at a time, and must not get slower by
/// being asked about it. There while somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    session: Mutex<Option<Session>>,
    askers: AtomicUsize,
}

/// Who has questions.
struct Asker<'a> {
    connector: &'a Connector,
    probe: &'a Probe,
}

/// Done once it is sure that the session `pid` will never answer: the database can be reached on another way, and does not work at what
/// the session was asked. A network that was cut sends what was lost again only after about as long as the cut was, and one
/// that forgot the connection not at all.
pub(crate) async fn lost(connector: &Connector, pid: i32) {
    sleep(QUICK).await;
    let asker = Asker::new(connector);
    let mut pause = PAUSE;
    loop {
        match timeout(ASKING, asker.works(pid)).await {
            Ok(Some(false)) => break,
            Ok(Some(true)) => pause = MAX_PAUSE.min(pause * 2),
            // Nobody is burdened where nobody is reached, and once somebody is it should not take long.
            Ok(None) | Err(_) => pause = PAUSE,
        }
        sleep(pause).await;
    }
    sleep(UNDER_WAY).await;
    // Nobody hears that it is lost otherwise, and it may hold a turn.
    let _ = timeout(ASKING, asker.end(pid)).await;
}

impl<'a> Asker<'a> {
    fn new(connector: &'a Connector) -> Self {
        connector.probe.askers.fetch_add(1, Ordering::Relaxed);
        Self { connector, probe: &connector.probe }
    }

    /// Whether the session works at a statement, if that can be told.
    async fn works(&self, pid: i32) -> Option<bool> {
        let count = async |connection: &mut PgConnection| -> sqlx::Result<i64> {
            sqlx::query_scalar(WORKS).bind(pid).fetch_one(connection).await
        };
        Some(self.ask(count).await? > 0)
    }

    async fn end(&self, pid: i32) -> Option<()> {
        let end = async |connection: &mut PgConnection| sqlx::query(END).bind(pid).execute(connection).await;
        self.ask(end).await.map(drop)
    }

    /// One question after the other. A session that failed, or of which a question was given up, is not used again, nor one to
    /// a host that is the primary no more.
    async fn ask<T>(&self, question: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>) -> Option<T> {
        let mut shared = self.probe.session.lock().await;
        let mut session = match shared.take().filter(|session| self.connector.is_newest(session)) {
            Some(session) => session,
            None => self.connector.only_to_ask().primary().await.ok()?,
        };
        let answer = question(&mut session.connection).await.ok()?;
        *shared = Some(session);
        Some(answer)
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        if self.probe.askers.fetch_sub(1, Ordering::Relaxed) == 1
            && let Ok(mut shared) = self.probe.session.try_lock()
        {
            shared.take();
        }
    }
}
