//! The store: what an embedding program or a server talks to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::auth::{Access, Caller};
use crate::backend::{Backend, BackendError, BackendInfo, Peer, Size};
use crate::compactor::Compactor;
use crate::environment::LogClock;
use crate::error::StoreError;
use crate::index::Index;
use crate::machine::{Identity, Machine, Request, Response};
use crate::opening::{begin_term, load};
use crate::options::StoreOptions;
use crate::pins::Pins;
use crate::read::ReadError;
use crate::read_index::ReadIndex;
use crate::response::Alarm;
use crate::shared::Shared;
use crate::stats::{Counters, IndexStats, StoreStats};
use crate::types::{Position, Revision};
use crate::values::Values;
use crate::watch::{Predecessors, WatchControl, WatchEvents, WatchHub, WatchStats};
use crate::writer::{Message, Work, Writer};

/// Requests that may wait for the writer; more are refused, as etcd does.
const QUEUE_REQUESTS: usize = 5000;
/// Memory that waiting requests may take, in KiB; beyond it callers wait their turn.
const QUEUE_KIB: usize = 64 << 10;
/// How long a request waits for a storage that others share: etcd's, 5 s and two elections.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(7);
/// How often a read meets the sweep of another store before that is taken for damage.
const READ_TRIES: usize = 4;

/// An etcd v3 store. Cheap to clone: all clones are one store.
///
/// Every write is durable by the backend's word when its method returns, and nothing is visible to anyone before that.
/// `examples/embed.rs` shows one at work.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    pub(crate) access: Access,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) index: Arc<RwLock<Index>>,
    pub(crate) values: Arc<Values>,
    pub(crate) pins: Arc<Pins>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) options: StoreOptions,
    identity: Identity,
    hub: Arc<WatchHub>,
    pub(crate) shared: Arc<Shared>,
    queue: mpsc::Sender<Message>,
    queued_kib: Arc<Semaphore>,
    swept: watch::Receiver<Revision>,
    pub(crate) counters: Arc<Counters>,
    load_time: Duration,
    /// If others append to the same log.
    read_index: Option<ReadIndex>,
    tasks: parking_lot::Mutex<Vec<JoinHandle<()>>>,
}

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The backend cannot be read or written.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// What it holds was written by a newer version, or is damaged.
    #[error("{0}; was it written by a newer version?")]
    Content(String),
    /// It holds a part of what a [`Restore`](crate::Restore) or a [`StoreCopy`](crate::StoreCopy) was to bring.
    #[error("it holds a restore or a copy that was not finished; run that again")]
    Unfinished,
    /// Another writer appended at the same moment.
    #[error("another process writes to the same storage")]
    Contended,
}

/// What a store knows of itself.
#[derive(Clone, Debug)]
pub struct StoreStatus {
    /// What keeps it.
    pub backend: BackendInfo,
    /// How large it is on the disk.
    pub size: Size,
    /// The size at which writes are refused.
    pub quota_bytes: Option<u64>,
    /// The current revision.
    pub revision: Revision,
    /// The lowest revision that can be read; -1 if it was never compacted.
    pub compact_revision: Revision,
    /// The last commit's position.
    pub position: Position,
    /// The alarms that are on.
    pub alarms: Vec<Alarm>,
    /// Why writes fail, while they do.
    pub failure: Option<String>,
    /// Keys in the index, those included of which only a tombstone is left.
    pub keys: usize,
    /// Bytes of values in memory.
    pub cached_bytes: u64,
    /// Watchers and what is kept for them.
    pub watch: WatchStats,
}

impl Store {
    /// Opens the store that `backend` holds, and begins a new term of it. Reads the index into memory: keys, not values.
    ///
    /// # Errors
    /// If the backend fails, or holds what this version cannot read. Nothing is changed then.
    pub async fn open(backend: Arc<dyn Backend>, options: StoreOptions) -> Result<Self, OpenError> {
        let counters = Arc::new(Counters::new(Arc::clone(&options.environment)));
        let began = counters.now();
        let index = Arc::new(RwLock::new(Index::new()));
        let values = Arc::new(Values::new(Arc::clone(&backend), options.cache_bytes));
        let mut options = options;
        let shared = backend.info().shared;
        if shared {
            options.environment = Arc::new(LogClock { inner: options.environment, backend: Arc::clone(&backend) });
        }
        let mut machine = Machine::new(Arc::clone(&index), Arc::clone(&values), &options, shared);
        load(&mut machine, &*backend).await?;
        begin_term(&mut machine, &*backend).await?;
        if shared {
            machine.take_own_member_id();
        }
        let load_time = counters.since(began);
        Ok(Self::start(machine, index, values, backend, options, counters, load_time))
    }

    fn start(
        machine: Machine,
        index: Arc<RwLock<Index>>,
        values: Arc<Values>,
        backend: Arc<dyn Backend>,
        options: StoreOptions,
        counters: Arc<Counters>,
        load_time: Duration,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        shared.published(machine.position(), Some(machine.alarms().collect()));
        shared.auth.publish(Arc::clone(machine.auth()));
        shared.cluster.store(Arc::clone(machine.cluster()));
        counters.set_leases(machine.leases());
        let hub = WatchHub::new(
            Arc::clone(&backend),
            Arc::clone(&values),
            Arc::new(IndexPredecessors {
                index: Arc::clone(&index),
                shared: Arc::clone(&shared),
                backend: Arc::clone(&backend),
            }),
            options.ring_bytes,
            machine.revision(),
            machine.compacted(),
        );
        let (compaction, target) = watch::channel(machine.compacted());
        let (sweeps, swept) = watch::channel(crate::index::NEVER_COMPACTED);
        let (queue, requests) = mpsc::channel(QUEUE_REQUESTS);
        let pins = Arc::new(Pins::default());
        let identity = machine.identity();
        let compactor = Compactor::new(
            Arc::clone(&index),
            Arc::clone(&pins),
            Arc::clone(&backend),
            &options,
            Arc::clone(&counters),
            target,
            sweeps,
        );
        let writer = Writer::new(
            machine,
            Arc::clone(&backend),
            Arc::clone(&index),
            Arc::clone(&values),
            Arc::clone(&hub),
            Arc::clone(&shared),
            Arc::clone(&counters),
            compaction,
            requests,
            &options,
        );
        let mut tasks = vec![tokio::spawn(writer.run()), tokio::spawn(compactor.run())];
        let read_index = backend.info().shared.then(|| {
            let (read_index, asks) = ReadIndex::new(Arc::clone(&backend));
            tasks.push(tokio::spawn(asks));
            read_index
        });
        let queued_kib = Arc::new(Semaphore::new(QUEUE_KIB));
        let inner = Inner {
            index,
            values,
            pins,
            backend,
            options,
            identity,
            hub,
            shared,
            queue,
            queued_kib,
            swept,
            counters,
            load_time,
            read_index,
            tasks: parking_lot::Mutex::new(tasks),
        };
        Self { inner: Arc::new(inner), access: Access::Trusted }
    }

    /// The same store as `caller` may see it, or somebody of no name: while authentication is on, each request is checked against
    /// the users and roles. Cheap, so that one is made for each request or connection.
    ///
    /// Writes are checked where they are evaluated, so one that comes after the loss of a permission is refused. Reads are checked
    /// by what is published, before and after. What a caller sees by [`Store::watch`], [`Store::status`] and the like is not
    /// checked by itself: ask [`Store::check_read`], [`Store::check_identity`] or [`Store::check_admin`] first.
    #[must_use]
    pub fn for_client(&self, caller: Option<Caller>) -> Self {
        Self { inner: Arc::clone(&self.inner), access: Access::Client(caller) }
    }

    /// Who the store is to its clients.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.inner.identity
    }

    /// The current revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.inner.index.read().published()
    }

    /// The last commit's position.
    #[must_use]
    pub fn position(&self) -> Position {
        self.inner.shared.position()
    }

    /// What the store knows of itself.
    #[must_use]
    pub fn status(&self) -> StoreStatus {
        let inner = &self.inner;
        let (revision, compact_revision, keys) = {
            let index = inner.index.read();
            (index.published(), index.compacted(), index.len())
        };
        StoreStatus {
            backend: inner.backend.info(),
            size: inner.backend.size(),
            quota_bytes: inner.options.quota_bytes,
            revision,
            compact_revision,
            position: inner.shared.position(),
            alarms: inner.shared.alarms(),
            failure: inner.shared.failure(),
            keys,
            cached_bytes: inner.values.cached_bytes(),
            watch: inner.hub.stats(),
        }
    }

    /// What the store has counted since it was opened, and what it holds now.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let inner = &self.inner;
        let index = {
            let index = inner.index.read();
            IndexStats { keys: index.len() as u64, live_keys: index.live() as u64, load_time: inner.load_time }
        };
        StoreStats {
            operations: inner.counters.operations(),
            leases: inner.counters.leases(),
            evaluations: inner.counters.evaluations(),
            appends: inner.counters.append_stats(),
            values: inner.values.stats(),
            index,
            compaction: inner.counters.compaction(),
            watch: inner.hub.stats(),
            backend: inner.backend.stats(),
        }
    }

    /// Makes this store known to those who share its log. Nobody hears of it where the log has one writer.
    pub fn announce(&self, peer: Peer) {
        self.inner.backend.announce(peer);
    }

    /// Those who share the log and were alive lately, this store included once it was announced. Empty where nobody else can.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the backend cannot tell.
    pub async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        self.inner.backend.peers().await.map_err(|e| StoreError::from_read(&e))
    }

    /// A new stream of watches: one handle to steer it, one to read it.
    #[must_use]
    pub fn watch(&self) -> (WatchControl, WatchEvents) {
        self.inner.hub.stream()
    }

    /// Gives free space back to the file system; nothing stops meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Auth`] if the caller is not root, or if the backend fails.
    pub async fn defragment(&self) -> Result<(), StoreError> {
        self.check_admin()?;
        self.inner.backend.defragment().await.map_err(|e| StoreError::from_append(&e))
    }

    /// Writes a consistent copy of the storage to `path`, which must not exist.
    ///
    /// # Errors
    /// [`StoreError::Auth`] if the caller is not root, or if the backend fails or has no such thing.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.check_admin()?;
        self.inner.backend.backup(path).await.map_err(|e| StoreError::from_append(&e))
    }

    /// Finishes what was begun, ends all watches, and lets go of the storage. Later writes fail with [`StoreError::Stopped`].
    ///
    /// # Errors
    /// If the backend fails to close.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (done, ended) = oneshot::channel();
        if self.inner.queue.send(Message::Close(done)).await.is_ok() {
            let _ = ended.await;
        }
        self.inner.hub.close();
        let tasks = std::mem::take(&mut *self.inner.tasks.lock());
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
        self.inner.backend.close().await.map_err(|e| StoreError::from_append(&e))
    }

    /// Reads do not meet the writer, and so have to look whether it has ended.
    pub(crate) fn check_open(&self) -> Result<(), StoreError> {
        if self.inner.queue.is_closed() { Err(StoreError::Stopped) } else { Ok(()) }
    }

    /// Hands a request of about `bytes` to the writer and waits until what it did is durable.
    pub(crate) async fn ask(&self, request: Request, bytes: usize) -> Result<Response, StoreError> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(QUEUE_KIB as u32);
        let queued = Arc::clone(&self.inner.queued_kib);
        let permit = queued.acquire_many_owned(kib).await.map_err(|_| StoreError::Stopped)?;
        let _waiting = self.inner.counters.wait();
        let (reply, answer) = oneshot::channel();
        let access = self.access.clone();
        let work = Work { request, access, reply: Some(reply), _permit: Some(permit) };
        self.inner.queue.try_send(Message::Work(work)).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => StoreError::TooManyRequests,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
        })?;
        let stopped = || StoreError::Unknown("the store was closed before the answer".into());
        let answer = async { answer.await.unwrap_or_else(|_| Err(stopped())) };
        // A disk answers or fails; a database may be out of reach for long.
        let answer = if self.inner.read_index.is_some() { in_time(answer).await } else { answer.await };
        if let Err(StoreError::Unknown(_) | StoreError::Refused(_) | StoreError::Failed(_)) = &answer {
            self.inner.counters.failed.increment();
        }
        answer
    }

    /// Waits until nothing dead is left at `revision`.
    pub(crate) async fn swept(&self, revision: Revision) -> Result<(), StoreError> {
        let mut swept = self.inner.swept.clone();
        swept.wait_for(|through| *through >= revision).await.map(drop).map_err(|_| StoreError::Stopped)
    }
}

impl Inner {
    /// Waits until what is published includes everything that was acknowledged by anyone before this was called. Answers whether
    /// anything may have changed by that: where nobody else writes it is there already.
    pub(crate) async fn linearize(&self) -> Result<bool, StoreError> {
        let Some(read_index) = &self.read_index else { return Ok(false) };
        in_time(async {
            let end = read_index.end().await?;
            self.shared.reached(end).await;
            Ok(true)
        })
        .await
    }

    /// Reads, and if something was missing once more, by when the compaction that removed it is known here: what was asked for is
    /// compacted, or newer keys are read. Where nobody else sweeps, what is missing is lost.
    pub(crate) async fn unswept<T, R>(&self, read: impl Fn() -> R) -> Result<T, StoreError>
    where
        R: Future<Output = Result<T, ReadError>>,
    {
        for _ in 1..READ_TRIES {
            match read().await {
                Err(ReadError::Missing) if self.linearize().await? => {}
                done => return Ok(done?),
            }
        }
        Ok(read().await?)
    }
}

/// What is not answered in this time is not known to have happened.
async fn in_time<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unknown("the storage did not answer in time".into());
    tokio::time::timeout(REQUEST_TIMEOUT, answer).await.map_err(late)?
}

/// Lets the watch hub find the versions before those of its events, and learn what others have removed.
#[derive(Debug)]
struct IndexPredecessors {
    index: Arc<RwLock<Index>>,
    shared: Arc<Shared>,
    backend: Arc<dyn Backend>,
}

#[async_trait]
impl Predecessors for IndexPredecessors {
    fn predecessor(&self, key: &[u8], revision: Revision) -> Option<crate::VersionMeta> {
        let index = self.index.read();
        index.get(key, Revision(revision.0 - 1)).map(|(_, meta)| *meta)
    }

    /// Others begin to remove once their compaction is in the log.
    async fn compacted_by_others(&self) -> Result<Option<Revision>, BackendError> {
        if !self.backend.info().shared {
            return Ok(None);
        }
        let end = self.backend.end().await?;
        let late = |_| BackendError::determinate("the storage did not answer in time");
        tokio::time::timeout(REQUEST_TIMEOUT, self.shared.reached(end)).await.map_err(late)?;
        Ok(Some(self.index.read().compacted()))
    }
}
