//! Where the log ends, while others append.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
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

/// What rows hold. What is free between them PostgreSQL uses again, so it counts for nothing.
const SIZE: &str = "
SELECT ((SELECT coalesce(sum(length(data) + 64), 0) FROM auroch.commits)
      + (SELECT coalesce(sum(length(data) + 64), 0) FROM auroch.control_log)
      + (SELECT coalesce(sum(length(key) + length(value) + 64), 0) FROM auroch.control))::bigint";

/// Follows the end of the log for as long as it runs.
pub(crate) struct Follower {
    pub(crate) connector: Connector,
    pub(crate) pool: Pool,
    pub(crate) shared: Arc<Shared>,
    pub(crate) poll_interval: Duration,
}

impl Follower {
    /// Never ends by itself.
    pub(crate) async fn run(self) {
        tokio::join!(self.listen(), self.poll(), self.measure());
    }

    /// Hears of commits at once. Every position that is heard was committed before it was told.
    async fn listen(&self) {
        loop {
            if let Err(error) = self.hear().await {
                tracing::debug!(%error, "notifications are not heard; polling goes on");
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
    let bytes = pool
        .with(|connection| Box::pin(async move { Ok(sqlx::query_scalar(SIZE).fetch_one(connection).await?) }))
        .await?;
    shared.measured(bytes);
    Ok(())
}
