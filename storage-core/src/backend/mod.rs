//! The seam between the engine and a place to keep its log: [`Backend`].

mod error;
mod fault;
mod memory;

use std::any::Any;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};

pub use self::error::{BackendError, Cause};
pub use self::fault::{Fault, FaultBackend};
pub use self::memory::MemoryBackend;
use crate::commit::{Commit, Group};
use crate::stats::BackendStats;
use crate::types::{Key, Position, Revision, VersionId, VersionMeta};

/// A durable, totally ordered log of commits, plus a store of values by revision.
///
/// All of etcd's semantics live above this trait. What a backend must keep is small, and the suite in the
/// `conformance` crate checks it:
///
/// - **Order**: positions are dense, revisions ascend with them (by more than one where a history was restored), and every
///   reader sees the same order.
/// - **Whole**: a commit is there with everything in it, or not at all, whatever was killed when.
/// - **Durable, then visible**: what [`append`](Self::append) acknowledged survives power loss; nothing that any other method or
///   [`tip`](Self::tip) shows may be lost by a crash.
/// - **Poisoned**: after a failed flush the state of the disk is unknown; every later `append` and `compact` fails with
///   [`BackendError::Fatal`] until the store is opened again.
///
/// Methods may be called from any task at once; only `append` is never called twice at a time by one store. Dropping a
/// returned future does not undo or tear what it began.
#[async_trait]
pub trait Backend: std::fmt::Debug + Send + Sync + 'static {
    /// What a user should know of this backend.
    fn info(&self) -> BackendInfo;

    /// Where the log ends. An empty log is at position 0 and revision 1.
    async fn bounds(&self) -> Result<Bounds, BackendError>;

    /// Appends `group` behind `expected`: all of it, in order, or nothing.
    ///
    /// Before: `group` is not empty; its positions are `expected + 1 ..` and each commit carries its revision, one without mutations
    /// that of the commit before or, at the end of what is restored, a higher one.
    /// After `Appended`: the group is durable and visible to every method, its control changes are applied to the
    /// control records. After `Conflict`: nothing was written, the log ends elsewhere.
    /// On failure: [`BackendError`] says whether it may have happened.
    async fn append(&self, expected: Position, group: Group) -> Result<AppendOutcome, BackendError>;

    /// Whole commits with their values, in order, from `from` on: as many as `limits` allow, but at least one if there
    /// is one; empty at the end of the log. Of commits at or below a compacted revision only what survived is there.
    async fn scan(&self, from: ScanFrom, limits: ScanLimits) -> Result<Vec<Commit>, BackendError>;

    /// Streams what the engine keeps in memory: every kept version without its value, in log order (tombstones too),
    /// and every control record. Answers where the log ended in that picture.
    ///
    /// A closed `sink` means that the caller gave up: return any error.
    async fn load(&self, sink: mpsc::Sender<LoadBatch>) -> Result<Bounds, BackendError>;

    /// The values of `ids`, in the order asked; `None` for a version that is not in the log (compacted, say).
    /// One round trip for all. Callers bound the bytes and pass `ids` in ascending order where they can.
    async fn values(&self, ids: &[VersionId]) -> Result<Vec<Option<Bytes>>, BackendError>;

    /// Removes dead versions in one small step. Never holds up `append` noticeably; idempotent (a version that is
    /// already gone is no error); commits keep their order. The backend may also forget control-only commits of the
    /// log below the position of the last commit at or below `step.through`; control records stay.
    async fn compact(&self, step: CompactStep) -> Result<(), BackendError>;

    /// The last position known to be durable, other writers' included; never ahead of the log; may coalesce.
    fn tip(&self) -> watch::Receiver<Position>;

    /// The end of the log by the log's own word. A backend with one writer answers from memory.
    async fn end(&self) -> Result<Position, BackendError>;

    /// Waits until it is this caller's turn to append to a log that others append to, in the order in which turns were asked for.
    /// A courtesy, so that nobody starves: an append out of turn is as correct, and conflicts if another one was quicker.
    async fn turn(&self) -> Result<Turn, BackendError> {
        Ok(Turn { end: self.end().await?, commits: Vec::new(), guard: Box::new(()) })
    }

    /// [`append`](Self::append), with its law and its errors, in a `turn` of this store's, which ends with it, whatever comes of it: no
    /// sooner than the group is visible, if it is appended, and at best no later.
    async fn append_in_turn(
        &self,
        expected: Position,
        group: Group,
        turn: Turn,
    ) -> Result<AppendOutcome, BackendError> {
        let outcome = self.append(expected, group).await;
        drop(turn);
        outcome
    }

    /// Time since the Unix epoch by a clock that all who share the log agree on: between which two times it is in truth, as far as can
    /// be told from here. `None` where this machine's clock will do.
    fn clock(&self) -> Option<RangeInclusive<Duration>> {
        None
    }

    /// Makes this store known to those who share the log, as `peer`, until it is closed.
    fn announce(&self, peer: Peer) {
        drop(peer);
    }

    /// Those who share the log, are announced and were alive lately. Empty where nobody else can.
    async fn peers(&self) -> Result<Vec<Peer>, BackendError> {
        Ok(Vec::new())
    }

    /// Whether this is the one of those who share the log that revokes leases which are due. More than one at a time, or none for a
    /// while, does no harm.
    fn leads(&self) -> bool {
        true
    }

    /// Bytes allocated and in use, as of the last append or compaction; does not block.
    fn size(&self) -> Size;

    /// What it has counted since it was opened; does not block.
    fn stats(&self) -> BackendStats {
        BackendStats::default()
    }

    /// Gives free space back to the file system, while everything else goes on.
    async fn defragment(&self) -> Result<(), BackendError>;

    /// Writes a consistent copy of the store to `path`, which must not exist.
    async fn backup(&self, path: &Path) -> Result<(), BackendError>;

    /// Flushes and lets go of files and connections; idempotent. Later calls of other methods fail as `Fatal`.
    async fn close(&self) -> Result<(), BackendError>;
}

/// What a [`Backend`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendInfo {
    /// The DSN's scheme, such as `sqlite`.
    pub name: &'static str,
    /// What an acknowledged append survives.
    pub durability: Durability,
    /// Whether other processes append to the same log.
    pub shared: bool,
}

/// What an acknowledged append survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Power loss: it was flushed to the disk before the answer.
    Fsync,
    /// The end of the process, not of the machine: chosen by an explicit option.
    OsCache,
    /// Nothing: it is in memory only.
    None,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The last commit's position; 0 if there is none.
    pub position: Position,
    /// The store's revision there; 1 if nothing was ever written.
    pub revision: Revision,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { position: Position(0), revision: Revision::FIRST }
    }
}

/// How an append ended, when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The group is durable and visible.
    Appended,
    /// The log ends at `position`, not where the caller expected; nothing was written.
    Conflict {
        /// Where it ends.
        position: Position,
    },
}

/// One of those who share a log, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The member id.
    pub id: u64,
    /// The member's name.
    pub name: String,
    /// Where other members would find it.
    pub peer_urls: Vec<String>,
    /// Where clients find it.
    pub client_urls: Vec<String>,
}

/// A turn to append, see [`Backend::turn`]. It ends when this is dropped.
pub struct Turn {
    /// Where the log ends.
    pub end: Position,
    /// What others have appended behind what this store has read or written of the log, as a scan would answer it; or nothing, where
    /// the backend does not read ahead.
    pub commits: Vec<Commit>,
    /// Ends the turn when it is dropped. [`Backend::append_in_turn`] gets it back, and looks by its type whether it is the backend's own.
    pub guard: Box<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").field("end", &self.end).finish_non_exhaustive()
    }
}

/// Where a scan begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanFrom {
    /// At the first commit behind this position, control-only commits included.
    After(Position),
    /// At the commit with this revision or the first one above; commits without mutations may be left out.
    Revision(Revision),
}

/// How much a scan may return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// At most so many commits.
    pub commits: usize,
    /// Stops after the commit that brings the sum of keys and values to this size or more.
    pub bytes: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { commits: 1000, bytes: 1 << 20 }
    }
}

/// A part of what [`Backend::load`] streams.
#[derive(Debug)]
pub enum LoadBatch {
    /// Versions in log order.
    Versions(Vec<(Key, VersionMeta)>),
    /// Control records, in any order.
    Controls(Vec<(Bytes, Bytes)>),
}

/// One step of a compaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactStep {
    /// The compacted revision, for forgetting control-only commits. Never decreases.
    pub through: Revision,
    /// Versions to remove, in ascending order.
    pub dead: Vec<VersionId>,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// On the disk.
    pub allocated: u64,
    /// Of it not free for reuse.
    pub in_use: u64,
}
