//! Reading the backend for watchers that fell off the ring, and previous values for those who want them.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::batch::Batch;
use super::watcher::Kinds;
use crate::backend::{Backend, BackendError, ScanFrom, ScanLimits};
use crate::commit::Commit;
use crate::event::{Event, PrevKv};
use crate::key_range::KeyRange;
use crate::types::{Revision, VersionMeta};
use crate::values::Values;

/// So many watchers read the backend at once.
const MAX_SCANS: usize = 4;

/// Where the history of keys is known.
#[async_trait]
pub(crate) trait Predecessors: Debug + Send + Sync {
    /// The version of `key` just before `revision`, if the key existed then (it is not a tombstone) and the version
    /// is kept. Asked only for revisions that are published.
    fn predecessor(&self, key: &[u8], revision: Revision) -> Option<VersionMeta>;

    /// The revision at which the log is compacted, where others may compact it as well: whatever anyone has removed by now lies
    /// below. `None` where the hub is told before anything is removed.
    async fn compacted_by_others(&self) -> Result<Option<Revision>, BackendError> {
        Ok(None)
    }
}

/// History, for those who need it.
#[derive(Debug)]
pub(super) struct History {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) values: Arc<Values>,
    pub(super) predecessors: Arc<dyn Predecessors>,
    permits: Semaphore,
}

/// What to read for a watcher.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) range: KeyRange,
    pub(super) kinds: Kinds,
    pub(super) prev_kv: bool,
    pub(super) cursor: Revision,
    /// The versions before this revision's are gone, swept or not.
    pub(super) compact_revision: Revision,
    /// The last published revision. The backend may already have later ones, which the watcher must not see yet.
    pub(super) through: Revision,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) batch: Batch,
    /// The first revision that was not looked at.
    pub(super) cursor: Revision,
    /// What others may have removed before it was read lies below this.
    pub(super) compact_revision: Revision,
}

impl History {
    pub(super) fn new(backend: Arc<dyn Backend>, values: Arc<Values>, predecessors: Arc<dyn Predecessors>) -> Self {
        Self { backend, values, predecessors, permits: Semaphore::new(MAX_SCANS) }
    }

    /// Reads one batch of commits, at most a message's worth, and makes events of what the watcher wants.
    pub(super) async fn scan(&self, scan: Scan) -> Result<Scanned, BackendError> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let commits = self.backend.scan(ScanFrom::Revision(scan.cursor), ScanLimits::default()).await?;
        let mut scanned = self.gather(&scan, commits);
        if scan.prev_kv {
            self.fetch_previous(scanned.batch.events()).await?;
        }
        if let Some(compacted) = self.predecessors.compacted_by_others().await? {
            scanned.compact_revision = compacted;
        }
        Ok(scanned)
    }

    fn gather(&self, scan: &Scan, commits: Vec<Commit>) -> Scanned {
        let mut batch = Batch::new(scan.prev_kv);
        let at_end = commits.is_empty();
        let (mut cursor, compact_revision) = (scan.cursor, scan.compact_revision);
        for commit in commits {
            if commit.revision > scan.through {
                return Scanned { batch, cursor: scan.through.next(), compact_revision };
            }
            // A commit that changed only control records bears the revision of the one before it.
            cursor = cursor.max(commit.revision.next());
            batch.add_all(self.events(scan, commit));
            if batch.is_full() {
                break;
            }
        }
        Scanned { batch, cursor: if at_end { scan.through.next() } else { cursor }, compact_revision }
    }

    fn events(&self, scan: &Scan, commit: Commit) -> impl Iterator<Item = Arc<Event>> {
        let wanted = commit
            .mutations
            .into_iter()
            .filter(|m| scan.range.contains(&m.key) && scan.kinds.want(m.meta.is_tombstone()));
        wanted.map(|m| {
            let kept = scan.prev_kv && m.meta.mod_revision() > scan.compact_revision;
            let prev = if kept { self.previous(&m.key, &m.meta) } else { None };
            Arc::new(Event::new(m.key, m.meta, m.value, prev))
        })
    }

    fn previous(&self, key: &[u8], meta: &VersionMeta) -> Option<PrevKv> {
        if meta.is_create() {
            return None;
        }
        let prev = self.predecessors.predecessor(key, meta.mod_revision())?;
        Some(self.values.peek(prev.id).map_or_else(|| PrevKv::unfetched(prev), |value| PrevKv::known(prev, value)))
    }

    /// Gives the events that lack it the value before, for all who share them.
    pub(super) async fn fetch_previous(&self, events: &[Arc<Event>]) -> Result<(), BackendError> {
        for (prev, value) in self.values.previous(events).await? {
            // Another stream may have been faster, with the same value.
            let _ = prev.value.set(value);
        }
        Ok(())
    }
}
