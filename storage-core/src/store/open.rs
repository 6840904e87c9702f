//! How a store begins: it is loaded, and its tasks start.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::sync::{Semaphore, mpsc, watch};

use super::asking::{QUEUE_KIB, REQUEST_TIMEOUT};
use super::{Inner, Store};
use crate::auth::Access;
use crate::backend::{Backend, BackendError};
use crate::compactor::Compactor;
use crate::environment::LogClock;
use crate::index::Index;
use crate::machine::Machine;
use crate::opening::{begin_term, load};
use crate::options::StoreOptions;
use crate::pins::Pins;
use crate::read_index::ReadIndex;
use crate::shared::Shared;
use crate::stats::Counters;
use crate::types::Revision;
use crate::values::Values;
use crate::watch::{Predecessors, WatchHub};
use crate::writer::Writer;

/// Requests that may wait for the writer; more are refused, as etcd does.
const QUEUE_REQUESTS: usize = 5000;

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
