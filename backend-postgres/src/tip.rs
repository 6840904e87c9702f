//! Where the log ends, while others append.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgListener, PgPoolOptions};
use storage_core::Position;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::append::CHANNEL;
use crate::connect::{Connector, Pool};
use crate::failure::{Failure, Result};
use crate::reader;
use crate::shared::Shared;

/// Between two tries to listen again.
const PAUSE: Duration = Duration::from_millis(200);
/// After so long without a notification the connection is tried.
const SILENCE: Duration = Duration::from_secs(2);
/// How often the size is measured; in between it is reckoned.
const MEASURE_INTERVAL: Duration = Duration::from_secs(60);

/// So many pages of each table are looked at, at most, chosen at random: enough to be off by a few percent, and read in no time.
const PAGES: i64 = 2000;

/// What rows hold, and by how much of each table. What is free between them PostgreSQL uses again, so it counts for nothing.
macro_rules! size {
    ($table:literal, $bytes:literal) => {
        (
            concat!("SELECT pg_relation_size('auroch.", $table, "') / current_setting('block_size')::bigint"),
            concat!(
                "SELECT coalesce(sum(",
                $bytes,
                " + 64), 0)::bigint FROM auroch.",
                $table,
                " TABLESAMPLE SYSTEM ($1)"
            ),
        )
    };
}
const SIZES: [(&str, &str); 3] = [
    size!("commits", "length(data)"),
    size!("control_log", "length(data)"),
    size!("control", "length(key) + length(value)"),
];

/// Follows the end of the log for as long as it runs.
pub(crate) struct Follower {
    pub(crate) connector: Connector,
    pub(crate) pool: Pool,
    pub(crate) shared: Arc<Shared>,
    pub(crate) poll_interval: Duration,
    /// How long one connection hears notifications.
    pub(crate) max_lifetime: Duration,
}

impl Follower {
    /// Never ends by itself.
    pub(crate) async fn run(self) {
        tokio::join!(self.listen(), self.poll(), self.measure());
    }

    /// Hears of commits at once. Every position that is heard was committed before it was told.
    async fn listen(&self) {
        loop {
            match timeout(self.max_lifetime, self.hear()).await {
                // It is old enough, and another one listens at once.
                Err(_) => continue,
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "notifications are not heard; polling goes on"),
            }
            sleep(PAUSE).await;
        }
    }

    async fn hear(&self) -> Result<()> {
        let host = self.connector.primary().await.map_err(|error| Failure::Connect(error.to_string()))?.host;
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(host);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        // What was told before.
        self.look().await?;
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(heard) => {
                    let Some(notification) = heard? else { return Ok(()) };
                    if let Ok(position) = notification.payload().parse() {
                        self.shared.telling.told(Position(position));
                        self.shared.reached(Position(position));
                    }
                }
                // A connection that the network has forgotten is as silent as a log to which nobody appends.
                Err(_) => {
                    let alive = sqlx::query("SELECT").execute(&mut listener);
                    timeout(SILENCE, alive).await.map_err(|_| Failure::Lost)??;
                }
            }
        }
    }

    /// Finds out where a notification was lost.
    async fn poll(&self) {
        let mut interval = interval(self.poll_interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "the end of the log cannot be read");
            }
        }
    }

    async fn look(&self) -> Result<()> {
        let bounds = self.pool.with(|connection| Box::pin(reader::bounds(connection))).await?;
        self.shared.reached(bounds.position);
        Ok(())
    }

    async fn measure(&self) {
        loop {
            if let Err(error) = measure(&self.pool, &self.shared).await {
                tracing::debug!(%error, "the size of the tables cannot be read");
            }
            sleep(MEASURE_INTERVAL).await;
        }
    }
}

/// Takes the size anew.
pub(crate) async fn measure(pool: &Pool, shared: &Shared) -> Result<()> {
    let bytes = pool.with(|connection| Box::pin(estimate(connection))).await?;
    shared.measured(bytes);
    Ok(())
}

async fn estimate(connection: &mut PgConnection) -> Result<i64> {
    let mut all = 0;
    for (pages, bytes) in SIZES {
        let pages: i64 = sqlx::query_scalar(pages).fetch_one(&mut *connection).await?;
        #[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
        let part = if pages <= PAGES { 1.0 } else { PAGES as f32 / pages as f32 };
        let seen: i64 = sqlx::query_scalar(bytes).bind(100.0 * part).fetch_one(&mut *connection).await?;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is an estimate")]
        let bytes = (seen as f64 / f64::from(part)) as i64;
        all += bytes;
    }
    Ok(all)
}
