//! The [`Backend`] itself.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sqlx::postgres::PgConnection;
use storage_core::backend::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, Cause, CompactStep, LoadBatch, Peer, ScanFrom,
    ScanLimits, Turn,
};
use storage_core::commit::{Commit, Group};
use storage_core::{Durability, Position, Size, VersionId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::append::Manner;
use crate::connect::{Connector, Pool};
use crate::error::OpenError;
use crate::failure::{Failure, Result as DriverResult};
use crate::heartbeat::{self, Heart};
use crate::options::PostgresOptions;
use crate::shared::Shared;
use crate::tip::{Follower, measure};
use crate::{append, clear, compact, reader, schema, turns};

/// The clock is read so often before the first lease counts by it, unless one reading leaves no more open than this.
const CLOCK_READINGS: usize = 5;
const GOOD_READING: Duration = Duration::from_millis(50);
/// Between two looks at connections that are too many, too old or not used, at most and at least: a connection is kept about as
/// long as is allowed.
const TIDY_INTERVAL: Duration = Duration::from_secs(10);
const MIN_TIDY_INTERVAL: Duration = Duration::from_millis(100);

/// The commit log in PostgreSQL. See the crate's documentation for how it works.
#[derive(Debug)]
pub struct PostgresBackend {
    durability: Durability,
    shared: Arc<Shared>,
    /// One connection: appends come one after the other.
    writer: Pool,
    readers: Pool,
    heart: Arc<Heart>,
    closing: CancellationToken,
    _follower: DropGuard,
}

impl PostgresBackend {
    /// Connects, and makes the database and the tables if they are not there.
    ///
    /// # Errors
    /// If the database cannot be used. Then nothing was changed.
    pub async fn open(options: PostgresOptions) -> Result<Self, OpenError> {
        let connector = Connector::new(&options);
        schema::prepare(&connector, options.create).await?;
        let durability = durability(&connector).await?;
        let writer = Pool::new(connector.clone(), 1, options.patience());
        // One more for the tip.
        let readers = Pool::new(connector.clone(), options.readers.max(1) + 1, options.patience());
        let shared = Arc::new(Shared::new());
        let heart = Arc::new(Heart::default());
        read_clock(&readers, &shared).await?;
        let follower = Follower {
            connector,
            pool: readers.clone(),
            shared: Arc::clone(&shared),
            poll_interval: options.poll_interval,
            max_lifetime: options.max_lifetime,
        };
        let closing = CancellationToken::new();
        let (until, beats) = (closing.clone(), Arc::clone(&heart));
        let (pool, state) = (readers.clone(), Arc::clone(&shared));
        let pools = [writer.clone(), readers.clone()];
        let (teller, told) = (readers.clone(), Arc::clone(&shared));
        let tasks = async move {
            tokio::join!(follower.run(), beats.run(pool, state), told.telling.run(&teller), tidy(pools, options))
        };
        tokio::spawn(async move { until.run_until_cancelled(tasks).await });
        let _follower = closing.clone().drop_guard();
        Ok(Self { durability, shared, writer, readers, heart, closing, _follower })
    }

    /// Makes the log empty again, if it ends at `end`: for what is no store, such as a restore that was cut off. Nobody may have a
    /// store open on it. Answers whether it was so. Then this must be opened again, since it may believe in the end that was.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn clear(&self, end: Position) -> Result<bool, BackendError> {
        self.check_open()?;
        let writer = self.writer.clone();
        to_its_end(async move {
            let cleared = writer.with(move |connection| Box::pin(clear::clear(connection, end))).await;
            cleared.map_err(Failure::of_write)
        })
        .await
    }

    fn check_open(&self) -> Result<(), BackendError> {
        if self.closing.is_cancelled() { Err(BackendError::fatal("the store is closed")) } else { Ok(()) }
    }

    async fn append_with(
        &self,
        expected: Position,
        group: Group,
        turn: Option<Turn>,
    ) -> Result<AppendOutcome, BackendError> {
        assert!(!group.is_empty(), "a group is not empty");
        let dense = group.iter().zip(expected.0 + 1..).all(|(commit, position)| commit.position.0 == position);
        assert!(dense, "positions are dense");
        self.check_open()?;
        self.shared.check_poison()?;
        let (writer, readers, shared) = (self.writer.clone(), self.readers.clone(), Arc::clone(&self.shared));
        to_its_end(append(writer, readers, shared, expected, group, turn)).await
    }

    /// A read that lost its connection is done again on another one: those that were idle while the database was gone are found
    /// out one by one.
    async fn read<T>(
        &self,
        work: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, DriverResult<T>> + Send + Sync,
    ) -> Result<T, BackendError> {
        self.check_open()?;
        self.shared.check_lost()?;
        for _ in 0..self.readers.max_size() {
            match self.readers.with(&work).await {
                Err(failure) if failure.lost_connection() => {}
                done => return done.map_err(Failure::of_read),
            }
        }
        self.readers.with(&work).await.map_err(Failure::of_read)
    }
}

/// A server holds no more of the database's memory than it needs.
async fn tidy(pools: [Pool; 2], options: PostgresOptions) {
    let interval = TIDY_INTERVAL.min(options.max_idle_time).min(options.max_lifetime).max(MIN_TIDY_INTERVAL);
    loop {
        tokio::time::sleep(interval).await;
        pools.iter().for_each(|pool| pool.tidy(&options));
    }
}

/// Reads the database's clock, again where the answer was long on its way: leases end late by as much as is not known of it.
async fn read_clock(readers: &Pool, shared: &Shared) -> Result<(), OpenError> {
    for _ in 0..CLOCK_READINGS {
        let reading = readers.with(|connection| Box::pin(heartbeat::look(connection))).await;
        let reading = reading.map_err(|failure| OpenError::Prepare(failure.to_string()))?;
        shared.set_clock(reading);
        if reading.uncertainty() < GOOD_READING {
            break;
        }
    }
    Ok(())
}

/// What a commit survives, by the server's own settings.
async fn durability(connector: &Connector) -> Result<Durability, OpenError> {
    let mut connection = connector.connect().await.map_err(OpenError::from)?;
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut connection).await.map_err(OpenError::Schema)?;
    Ok(if fsync == "on" { Durability::Fsync } else { Durability::OsCache })
}

/// Goes on though nobody waits for it any more: a statement that was given up would leave its connection in the middle.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, BackendError>> + Send + 'static,
) -> Result<T, BackendError> {
    let gone = |error| BackendError::Indeterminate(Cause::with_source("the work was interrupted", error));
    tokio::spawn(work).await.unwrap_or_else(|error| Err(gone(error)))
}

async fn append(
    writer: Pool,
    readers: Pool,
    shared: Arc<Shared>,
    expected: Position,
    group: Group,
    turn: Option<Turn>,
) -> Result<AppendOutcome, BackendError> {
    let commits = Arc::clone(&group);
    let guard = turn.as_ref().and_then(|turn| turn.guard.downcast_ref::<turns::Guard>());
    let ends_turn = guard.is_some();
    let manner = Manner { ends_turn, tells: !ends_turn || shared.telling.begin() };
    let appended = writer
        .with(move |connection| Box::pin(async move { append::append(connection, expected, &commits, manner).await }))
        .await
        .map_err(Failure::of_write)
        .inspect_err(|error| shared.poison(error))?;
    if let Some(guard) = guard {
        guard.note_ended();
    }
    drop(turn);
    if appended {
        shared.grew(append::bytes(&group));
        let last = group.last().expect("a group is not empty");
        shared.has_come_to(Bounds { position: last.position, revision: last.revision });
        shared.reached(last.position);
        if !manner.tells {
            shared.telling.left_untold(last.position);
        }
        return Ok(AppendOutcome::Appended);
    }
    let known = shared.known();
    let bounds = readers.with(|connection| Box::pin(reader::bounds(connection))).await.map_err(Failure::of_read)?;
    shared.found(known, bounds.position)?;
    Ok(AppendOutcome::Conflict { position: bounds.position })
}

#[async_trait]
impl Backend for PostgresBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo { name: "postgres", durability: self.durability, shared: true }
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        let known = self.shared.known();
        let bounds = self.read(|connection| Box::pin(reader::bounds(connection))).await?;
        self.shared.found(known, bounds.position)?;
        Ok(bounds)
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        self.append_with(expected, group, None).await
    }

    async fn append_in_turn(
        &self,
        expected: Position,
        group: Group,
        turn: Turn,
    ) -> Result<AppendOutcome, BackendError> {
        self.append_with(expected, group, Some(turn)).await
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.read(|connection| {
            let shared = Arc::clone(&self.shared);
            Box::pin(async move { reader::scan(connection, from, limits, &shared).await })
        })
        .await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        self.check_open()?;
        let loaded = self.readers.unlimited(move |connection| Box::pin(reader::load(connection, sink))).await;
        let bounds = loaded.map_err(Failure::of_read)?;
        // It reads whole tables, and may take longer than a statement may. It is taken again before long.
        if let Err(error) = measure(&self.readers, &self.shared).await {
            tracing::warn!(%error, "the size of the tables cannot be read; until it can, the quota counts from nothing");
        }
        self.shared.has_come_to(bounds);
        self.shared.reached(bounds.position);
        Ok(bounds)
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        if ids.is_empty() {
            return self.check_open().map(|()| Vec::new());
        }
        let ids: Arc<[VersionId]> = ids.into();
        self.read(move |connection| {
            let ids = Arc::clone(&ids);
            Box::pin(async move { reader::values(connection, &ids).await })
        })
        .await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        self.check_open()?;
        self.shared.check_poison()?;
        let (readers, shared) = (self.readers.clone(), Arc::clone(&self.shared));
        to_its_end(async move {
            let work = readers.with(move |c| Box::pin(async move { compact::remove(c, &step).await }));
            // Done twice it does no harm, so an unknown outcome is as good as none.
            let freed = work.await.map_err(Failure::of_read).inspect_err(|error| shared.poison(error))?;
            shared.grew(-freed);
            Ok(())
        })
        .await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.shared.tip()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        Ok(self.bounds().await?.position)
    }

    async fn turn(&self) -> Result<Turn, BackendError> {
        self.check_open()?;
        let (writer, shared) = (self.writer.clone(), Arc::clone(&self.shared));
        to_its_end(async move {
            let taken =
                writer.with(move |connection| Box::pin(async move { turns::take(connection, &shared).await })).await;
            let (end, commits) = taken.map_err(Failure::of_read)?;
            Ok(Turn { end, commits, guard: Box::new(turns::Guard::new(writer)) })
        })
        .await
    }

    fn clock(&self) -> Option<RangeInclusive<Duration>> {
        self.shared.clock()
    }

    fn leads(&self) -> bool {
        self.shared.leads()
    }

    fn announce(&self, peer: Peer) {
        self.heart.announce(peer);
    }

    async fn peers(&self) -> Result<Vec<Peer>, BackendError> {
        self.read(|connection| Box::pin(heartbeat::peers(connection))).await
    }

    fn size(&self) -> Size {
        self.shared.size()
    }

    async fn defragment(&self) -> Result<(), BackendError> {
        self.check_open()?;
        let vacuumed = self.readers.unlimited(|connection| Box::pin(compact::vacuum(connection))).await;
        vacuumed.map_err(Failure::of_read)
    }

    async fn backup(&self, _path: &Path) -> Result<(), BackendError> {
        self.check_open()?;
        Err(BackendError::determinate("PostgreSQL is backed up by its own means, such as pg_dump --schema=auroch"))
    }

    async fn close(&self) -> Result<(), BackendError> {
        self.heart.stop(&self.readers).await;
        self.closing.cancel();
        self.writer.close();
        self.readers.close();
        Ok(())
    }
}
