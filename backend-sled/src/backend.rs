//! The [`Backend`] itself: hands calls to the threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use backend_embedded::{Calls, Query};
use bytes::Bytes;
use storage_core::backend::{
    AppendOutcome, Backend, BackendError, BackendInfo, Bounds, Cause, CompactStep, LoadBatch, ScanFrom, ScanLimits,
};
use storage_core::commit::{Commit, Group};
use storage_core::stats::BackendStats;
use storage_core::{Durability, Position, Size, VersionId};
use tokio::sync::{RwLock, mpsc, watch};

use crate::backup;
use crate::database::Database;
use crate::defragment::Draft;
use crate::error::OpenError;
use crate::failure::{Failure, Result as Outcome, guarded};
use crate::file::{self, DATA};
use crate::options::SledOptions;
use crate::reader;
use crate::reader::load::Picture;
use crate::shared::Shared;
use crate::threads::Threads;
use crate::writer::Command;

/// So many commits are copied while appends wait, when a copy takes the place of the store.
const LAST_COMMITS: u64 = 500;

/// The commit log in a directory that sled keeps. See the crate's documentation for how it works.
///
/// Close it with [`Backend::close`]; merely dropping it does the same and waits for it.
#[derive(Debug)]
pub struct SledBackend {
    path: PathBuf,
    cache_bytes: u64,
    shared: Arc<Shared>,
    calls: Calls<Command, Threads>,
    /// Compaction and defragmenting have it alone; loads and backups, which last, share it.
    upkeep: Arc<RwLock<()>>,
}

impl SledBackend {
    /// Opens or creates the directory and takes its lock.
    ///
    /// # Errors
    /// If the directory cannot be used. Then nothing was changed.
    pub async fn open(options: SledOptions) -> Result<Self, OpenError> {
        let path = options.path.clone();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&options)).await;
        opened.unwrap_or_else(|error| Err(OpenError::io("open", path)(std::io::Error::other(error))))
    }

    fn open_blocking(options: &SledOptions) -> Result<Self, OpenError> {
        let file::Prepared { path, lock } = file::prepare(options)?;
        let failed = || OpenError::failure(&path);
        let database = Database::open(&path.join(DATA), options.cache_bytes).map_err(failed())?;
        let bounds = guarded(|| reader::bounds(database.tree())).map_err(failed())?;
        let allocated = database.allocated_bytes().map_err(failed())?;
        let shared = Arc::new(Shared::new(database, bounds, allocated));
        let threads = Threads::start(&shared, lock).map_err(OpenError::io("start a thread for", &path))?;
        Ok(Self {
            cache_bytes: options.cache_bytes,
            path,
            shared,
            calls: Calls::new(Arc::clone(&threads.commands), Arc::clone(&threads.queries), threads),
            upkeep: Arc::default(),
        })
    }

    /// Runs what lasts on a thread of its own, which goes on even if the caller goes away; `guard` is held meanwhile.
    async fn at_length<T: Send + 'static>(
        &self,
        guard: impl Send + 'static,
        work: impl FnOnce(&Database) -> Outcome<T> + Send + 'static,
    ) -> Result<Outcome<T>, BackendError> {
        let database = self.shared.open_database()?;
        let run = move || {
            let done = guarded(|| work(&database));
            // Before the answer, so that whoever has it can close and open again.
            drop((database, guard));
            done
        };
        self.calls.at_length("sled-upkeep", run).await
    }

    async fn picture(&self) -> Result<Picture, BackendError> {
        self.calls.command(|reply| Command::Picture { reply }).await
    }
}

#[async_trait]
impl Backend for SledBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo { name: "sled", durability: Durability::Fsync, shared: false }
    }

    async fn bounds(&self) -> Result<Bounds, BackendError> {
        self.calls.check_open()?;
        Ok(self.shared.known.bounds())
    }

    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError> {
        assert!(!group.is_empty(), "a group is not empty");
        let dense = group.iter().zip(expected.0 + 1..).all(|(commit, position)| commit.position.0 == position);
        assert!(dense, "positions are dense");
        self.calls.command(|reply| Command::Append { expected, group, reply }).await
    }

    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError> {
        self.calls.query(|reply| Query::Scan { from, limits, reply }).await
    }

    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError> {
        let guard = Arc::clone(&self.upkeep).read_owned().await;
        let picture = self.picture().await?;
        let (end, shared) = (picture.end, Arc::clone(&self.shared));
        let run = move |database: &Database| {
            let bytes = reader::load(database.tree(), picture, &sink)?;
            shared.set_use(bytes);
            Ok(end)
        };
        self.at_length(guard, run).await?.map_err(Failure::of_read)
    }

    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError> {
        let ids = ids.to_vec();
        self.calls.query(|reply| Query::Values { ids, reply }).await
    }

    async fn compact(&self, step: CompactStep) -> Result<(), BackendError> {
        let _alone = self.upkeep.write().await;
        self.calls.command(|reply| Command::Compact { step, reply }).await
    }

    fn tip(&self) -> watch::Receiver<Position> {
        self.shared.known.tip()
    }

    async fn end(&self) -> Result<Position, BackendError> {
        Ok(self.bounds().await?.position)
    }

    fn size(&self) -> Size {
        self.shared.size()
    }

    fn stats(&self) -> BackendStats {
        self.shared.known.stats()
    }

    async fn defragment(&self) -> Result<(), BackendError> {
        let failed = |failure: Failure| {
            BackendError::Determinate(Cause::with_source("the store could not be defragmented", failure))
        };
        let alone = Arc::clone(&self.upkeep).write_owned().await;
        let (path, cache_bytes) = (self.path.clone(), self.cache_bytes);
        let made = self.at_length((), move |_| Draft::new(alone, &path, cache_bytes)).await?;
        let mut draft = made.map_err(failed)?;
        loop {
            let end = self.bounds().await?.position;
            let follow = move |database: &Database| draft.follow(database, end).map(|copied| (draft, copied));
            let copied;
            (draft, copied) = self.at_length((), follow).await?.map_err(failed)?;
            if copied <= LAST_COMMITS {
                break;
            }
        }
        self.calls.command(|reply| Command::Replace { draft, reply }).await
    }

    async fn backup(&self, path: &Path) -> Result<(), BackendError> {
        let guard = Arc::clone(&self.upkeep).read_owned().await;
        let picture = self.picture().await?;
        let path = path.to_owned();
        let copied = self.at_length(guard, move |database| backup::backup(database, &picture, &path)).await?;
        copied.map_err(|failure| BackendError::Determinate(Cause::with_source("the backup failed", failure)))
    }

    async fn close(&self) -> Result<(), BackendError> {
        self.calls.close().await
    }
}
