//! Who shares the database: every server says that it is alive, and one of them leads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::postgres::PgConnection;
use storage_core::backend::Peer;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::clock::Reading;
use crate::connect::Pool;
use crate::failure::Result;
use crate::shared::Shared;

/// How often a server says that it is alive.
const INTERVAL: Duration = Duration::from_secs(1);
/// A server that was silent for so long is taken for dead. The statements below say the same.
const SILENCE: Duration = Duration::from_secs(5);

/// By the database's clock. The leader stays while it is heard; then whoever comes first takes its place.
const BEAT: &str = "
WITH alive AS (
    INSERT INTO auroch.servers (id, name, peer_urls, client_urls, seen_at)
    VALUES ($1, $2, $3, $4, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, peer_urls = excluded.peer_urls, client_urls = excluded.client_urls,
        seen_at = excluded.seen_at
), gone AS (
    DELETE FROM auroch.servers WHERE seen_at < clock_timestamp() - interval '1 hour' AND id <> $1
), leader AS (
    INSERT INTO auroch.leader (id, seen_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (one) DO UPDATE SET id = excluded.id, seen_at = excluded.seen_at
        WHERE leader.id = excluded.id OR leader.seen_at < clock_timestamp() - interval '5 seconds'
    RETURNING true
)
SELECT (SELECT count(*) FROM leader) = 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const LEAVE: &str = "
WITH gone AS (DELETE FROM auroch.servers WHERE id = $1)
DELETE FROM auroch.leader WHERE id = $1";
const PEERS: &str = "
SELECT id, name, peer_urls, client_urls FROM auroch.servers
WHERE seen_at > clock_timestamp() - interval '5 seconds' ORDER BY id";

/// This server's sign of life.
#[derive(Debug, Default)]
pub(crate) struct Heart {
    peer: Mutex<Option<Peer>>,
    announced: Notify,
    /// Held while a beat is on its way. True once there are to be no more.
    left: tokio::sync::Mutex<bool>,
}

impl Heart {
    /// Makes `peer` known from now on.
    pub(crate) fn announce(&self, peer: Peer) {
        *self.peer.lock() = Some(peer);
        self.announced.notify_one();
    }

    /// Beats for as long as it runs, once there is a name.
    pub(crate) async fn run(&self, pool: Pool, shared: Arc<Shared>) {
        loop {
            let left = self.left.lock().await;
            if *left {
                return;
            }
            let peer = self.peer.lock().clone();
            let beaten = pool.with(move |connection| {
                Box::pin(async move {
                    // Once there is a connection: making one may take seconds, which are no part of the way to the clock.
                    let asked = Instant::now();
                    let Some(peer) = peer else { return Ok((None, look(connection).await?)) };
                    let (leads, shown) = beat(connection, &peer).await?;
                    Ok((leads.then(|| asked + SILENCE), Reading::of(shown, asked)))
                })
            });
            let beaten = beaten.await;
            drop(left);
            match beaten {
                Ok((leads_until, clock)) => {
                    shared.set_clock(clock);
                    shared.set_leads_until(leads_until);
                }
                Err(error) => tracing::debug!(%error, "no sign of life could be given"),
            }
            let _ = timeout(INTERVAL, self.announced.notified()).await;
            if self.peer.lock().is_none() {
                sleep(INTERVAL).await;
            }
        }
    }

    /// Says that this server goes, so that another leads at once.
    pub(crate) async fn stop(&self, pool: &Pool) {
        let Some(peer) = self.peer.lock().take() else { return };
        let leave = async {
            // A beat that came after it would be heard of for as long as any other.
            *self.left.lock().await = true;
            let leave = pool.with(move |connection| {
                Box::pin(async move {
                    sqlx::query(LEAVE).bind(peer.id.cast_signed()).execute(connection).await?;
                    Ok(())
                })
            });
            leave.await
        };
        if let Ok(Err(error)) = timeout(INTERVAL, leave).await {
            tracing::debug!(%error, "no word of leaving could be given");
        }
    }
}

async fn beat(connection: &mut PgConnection, peer: &Peer) -> Result<(bool, Duration)> {
    let query =
        sqlx::query_as(BEAT).bind(peer.id.cast_signed()).bind(&peer.name).bind(&peer.peer_urls).bind(&peer.client_urls);
    let (leads, clock): (bool, i64) = query.fetch_one(connection).await?;
    Ok((leads, milliseconds(clock)))
}

/// The database's clock alone.
pub(crate) async fn look(connection: &mut PgConnection) -> Result<Reading> {
    const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let asked = Instant::now();
    let shown = sqlx::query_scalar(CLOCK).fetch_one(connection).await?;
    Ok(Reading::of(milliseconds(shown), asked))
}

fn milliseconds(clock: i64) -> Duration {
    Duration::from_millis(u64::try_from(clock).unwrap_or(0))
}

/// Everybody who is alive.
pub(crate) async fn peers(connection: &mut PgConnection) -> Result<Vec<Peer>> {
    let rows: Vec<(i64, String, Vec<String>, Vec<String>)> = sqlx::query_as(PEERS).fetch_all(connection).await?;
    let peer = |(id, name, peer_urls, client_urls): (i64, _, _, _)| Peer {
        id: id.cast_unsigned(),
        name,
        peer_urls,
        client_urls,
    };
    Ok(rows.into_iter().map(peer).collect())
}
