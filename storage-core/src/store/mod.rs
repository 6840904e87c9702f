//! The store: what an embedding program or a server talks to.

mod asking;
mod open;
mod status;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

pub use self::open::OpenError;
pub use self::status::StoreStatus;
use crate::auth::{Access, Caller};
use crate::backend::{Backend, Peer};
use crate::error::StoreError;
use crate::index::Index;
use crate::machine::Identity;
use crate::options::StoreOptions;
use crate::pins::Pins;
use crate::read_index::ReadIndex;
use crate::shared::Shared;
use crate::stats::Counters;
use crate::types::{Position, Revision};
use crate::values::Values;
use crate::watch::{WatchControl, WatchEvents, WatchHub};
use crate::writer::Message;

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

impl Store {
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

    /// Whether others may append to the same log.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.inner.read_index.is_some()
    }

    /// Makes this store known to those who share its log. Nobody hears of it where the log has one writer.
    pub fn announce(&self, peer: Peer) {
        self.inner.backend.announce(peer);
    }

    /// Those who share the log and were alive lately, this store included once it was announced. Empty where nobody else can.
    ///
    /// # Errors
    /// [`StoreError::Failed`] if the backend cannot tell, [`StoreError::Unknown`] if it does not answer in time.
    pub async fn peers(&self) -> Result<Vec<Peer>, StoreError> {
        let asked = self.inner.backend.peers();
        asking::in_time(async { asked.await.map_err(|e| StoreError::from_read(&e)) }).await
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
}
