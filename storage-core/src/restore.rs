//! Filling an empty storage with what another store held.

use std::sync::Arc;

use crate::auth::AuthState;
use crate::backend::{Backend, BackendError, Bounds};
use crate::commit::{ControlChange, Mutation};
use crate::contents::{Contents, Picture};
use crate::environment::Environment;
use crate::error::StoreError;
use crate::filling::{FillError, Filling};
use crate::hash;
use crate::index::NEVER_COMPACTED;
use crate::machine::Record;
use crate::store::OpenError;
use crate::types::{CommitId, LeaseId, Revision, VersionId};

/// Writes versions into a storage as they were elsewhere: with their revisions, in any number, whatever gaps are between them.
///
/// It is all or nothing: from [`begin`](Self::begin) until [`finish`](Self::finish) has looked through everything again, no
/// [`Store`](crate::Store) opens on the storage, whether a failure, a crash or a full disk came in between.
#[derive(Debug)]
pub struct Restore {
    filling: Filling,
    environment: Arc<dyn Environment>,
    last: Option<VersionId>,
    /// The versions of one revision.
    open: Vec<Mutation>,
}

/// All of a restored store that is not a key.
#[derive(Clone, Debug)]
pub struct RestoredState {
    /// The store's revision, at or above that of every version.
    pub revision: Revision,
    /// The lowest revision that can be read; -1 if it was never compacted.
    pub compact_revision: Revision,
    /// The leases.
    pub leases: Vec<RestoredLease>,
    /// Users, roles, and whether authentication is on.
    pub auth: AuthState,
}

/// A lease of a [`RestoredState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredLease {
    /// Its id.
    pub id: LeaseId,
    /// The time it was granted, in seconds.
    pub ttl: i64,
    /// What is left of that, in seconds, from the first start of the restored store on.
    pub remaining_ttl: i64,
}

/// Why a storage was not restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The storage holds something.
    #[error("the storage is not empty")]
    NotEmpty,
    /// The storage holds a part of what an earlier restore was to bring.
    #[error("the storage holds a restore that was not finished")]
    Unfinished,
    /// The storage cannot be read or written.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Another process writes to the storage.
    #[error("another process writes to the same storage")]
    Contended,
    /// What is to be restored contradicts itself.
    #[error("{0}")]
    Content(&'static str),
    /// What was written cannot be read again as it was.
    #[error("what was written differs from what was to be restored: {0}")]
    Differs(String),
}

/// Above it, counting on could overflow.
const MAX_REVISION: Revision = Revision(1 << 62);

impl Restore {
    /// Whether `backend` is empty, as it must be.
    ///
    /// # Errors
    /// [`RestoreError::NotEmpty`], [`RestoreError::Unfinished`], or why it cannot be read.
    pub async fn check(backend: &Arc<dyn Backend>) -> Result<(), RestoreError> {
        if backend.bounds().await? == Bounds::default() {
            return Ok(());
        }
        let contents = Contents::read(&**backend).await?;
        Err(if contents.unfinished().is_some() { RestoreError::Unfinished } else { RestoreError::NotEmpty })
    }

    /// Begins to fill `backend`.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), where nothing was changed, or why it cannot be written.
    pub async fn begin(backend: Arc<dyn Backend>, environment: Arc<dyn Environment>) -> Result<Self, RestoreError> {
        Self::check(&backend).await?;
        let filling = Filling::new(backend, Bounds::default());
        let mut restore = Self { filling, environment, last: None, open: Vec::new() };
        restore.control(Record::Unfinished.set()).await?;
        Ok(restore)
    }

    /// Adds the next version. Ids must ascend.
    ///
    /// # Errors
    /// [`RestoreError::Content`], or why it cannot be written.
    pub async fn push(&mut self, version: Mutation) -> Result<(), RestoreError> {
        let id = version.meta.id;
        if self.last.is_some_and(|last| last >= id) || id.revision <= Revision::FIRST || id.revision > MAX_REVISION {
            return Err(RestoreError::Content("revisions are out of order"));
        }
        if self.last.is_some_and(|last| last.revision != id.revision) {
            self.close_commit();
            if self.filling.is_full() {
                self.filling.append().await?;
            }
        }
        self.last = Some(id);
        self.open.push(version);
        Ok(())
    }

    /// Adds the rest, and looks whether all of it can be read again: `hash` is what [`Store::hash_kv`](crate::Store::hash_kv)
    /// answers of it at its revision. Then the storage is a store like any other.
    ///
    /// # Errors
    /// [`RestoreError::Content`], [`RestoreError::Differs`], or why it cannot be written.
    pub async fn finish(mut self, state: RestoredState, hash: u32) -> Result<(), RestoreError> {
        self.close_commit();
        if state.revision < self.filling.revision()
            || state.revision > MAX_REVISION
            || state.compact_revision > state.revision
        {
            return Err(RestoreError::Content("the revision, or the compacted one, does not fit what is there"));
        }
        self.filling.append().await?;
        self.filling.raise(state.revision);
        let environment = Arc::clone(&self.environment);
        self.filling.controls(&controls(&state), || CommitId(environment.random())).await?;
        self.verify(&state, hash).await?;
        self.control(Record::Unfinished.unset()).await
    }

    /// Makes a commit of the versions of one revision.
    fn close_commit(&mut self) {
        if let Some(version) = self.open.first() {
            let (revision, id) = (version.meta.id.revision, CommitId(self.environment.random()));
            self.filling.versions(revision, id, std::mem::take(&mut self.open));
        }
    }

    async fn control(&mut self, change: ControlChange) -> Result<(), RestoreError> {
        self.filling.control(CommitId(self.environment.random()), vec![change]);
        Ok(self.filling.append().await?)
    }

    async fn verify(&self, state: &RestoredState, hash: u32) -> Result<(), RestoreError> {
        let picture = Picture::take(self.filling.backend()).await?;
        let restored = (picture.contents.bounds.revision, picture.compacted);
        if restored != (state.revision, state.compact_revision.max(NEVER_COMPACTED)) {
            return Err(RestoreError::Differs("its revision is another one".into()));
        }
        let hashed = hash::hash_at(&picture.index, &**self.filling.backend(), Revision(0)).await;
        match hashed {
            Ok(hashed) if hashed.hash == hash => Ok(()),
            Ok(_) => Err(RestoreError::Differs("its hash is another one".into())),
            Err(StoreError::Failed(cause)) => Err(RestoreError::Differs(cause)),
            Err(error) => Err(RestoreError::Differs(error.to_string())),
        }
    }
}

impl From<FillError> for RestoreError {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Backend(error) => Self::Backend(error),
            FillError::Contended => Self::Contended,
        }
    }
}

impl From<OpenError> for RestoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Backend(error) => Self::Backend(error),
            error => Self::Differs(error.to_string()),
        }
    }
}

fn controls(state: &RestoredState) -> Vec<ControlChange> {
    let lease = |lease: &RestoredLease| Record::lease_from_next_start(lease.id, lease.ttl, lease.remaining_ttl).set();
    let mut changes: Vec<_> = state.leases.iter().map(lease).collect();
    if state.compact_revision > NEVER_COMPACTED {
        changes.push(Record::Compacted(state.compact_revision).set());
    }
    // There is always one, so that a commit says the revision, which may be above the last version's.
    changes.extend(state.auth.controls());
    changes
}
