use std::sync::Arc;

use bytes::Bytes;

use super::CopyError;
use super::found::Found;
use crate::backend::{Backend, Bounds, CompactStep};
use crate::commit::{Commit, ControlChange};
use crate::contents::{Contents, Picture};
use crate::environment::Environment;
use crate::filling::Filling;
use crate::machine::Record;
use crate::types::{CommitId, Revision};

/// Versions that are removed in one step.
const VERSIONS_PER_STEP: usize = 500;

/// The storage that becomes the same store.
pub(super) struct Destination {
    filling: Filling,
    environment: Arc<dyn Environment>,
    /// What an earlier copy left.
    found: Contents,
    /// Whether nothing was left to do: then it is only looked whether that is so.
    is_finished: bool,
}

impl Destination {
    /// Finds out whether `backend` may be filled with `source`, and marks it so that no store opens on it.
    pub(super) async fn open(
        backend: &Arc<dyn Backend>,
        source: &Picture,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, CopyError> {
        let Found { contents: found, dead, fits } = Found::read(&**backend, source).await?;
        let (bounds, mark) = (source.contents.bounds, mark_of(&source.contents));
        let is_empty = found.bounds == Bounds::default();
        let is_same = found.bounds.revision == bounds.revision && found.cluster_id() == source.contents.cluster_id();
        let is_finished = match found.unfinished() {
            None if is_empty => false,
            None if is_same => true,
            None => return Err(CopyError::NotEmpty),
            Some(found) if *found != mark => return Err(CopyError::OtherUnfinished),
            Some(_) if found.bounds.revision > bounds.revision || !fits => return Err(CopyError::Diverged),
            Some(_) => false,
        };
        let filling = Filling::new(Arc::clone(backend), found.bounds);
        let mut destination = Self { filling, environment, found, is_finished };
        if is_empty {
            destination.control(ControlChange { key: Record::Unfinished.unset().key, value: Some(mark) }).await?;
        } else if !is_finished {
            for dead in dead.chunks(VERSIONS_PER_STEP) {
                let step = CompactStep { through: source.compacted, dead: dead.to_vec() };
                backend.compact(step).await.map_err(CopyError::Destination)?;
            }
        }
        Ok(destination)
    }

    /// The revision up to which an earlier copy came that was not finished.
    pub(super) fn resumed_at(&self) -> Option<Revision> {
        let has_some = self.found.bounds != Bounds::default();
        (has_some && !self.is_finished).then_some(self.found.bounds.revision)
    }

    /// Whether this is a store like the source, which is left as it is.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Where an earlier copy ended.
    pub(super) fn found(&self) -> Bounds {
        self.found.bounds
    }

    /// Takes the next commit, if it is not there and changes keys.
    pub(super) fn take(&mut self, commit: Commit) {
        let Commit { revision, id, mutations, .. } = commit;
        if revision > self.found.bounds.revision && !mutations.is_empty() {
            self.filling.versions(revision, id, mutations);
        }
    }

    /// Appends what was taken.
    pub(super) async fn append(&mut self) -> Result<(), CopyError> {
        Ok(self.filling.append().await?)
    }

    /// Makes all that is not a key what it is in `source`.
    pub(super) async fn settle(&mut self, source: &Contents) -> Result<(), CopyError> {
        let mut changes = self.found.changes_to(source);
        if self.is_finished {
            return if changes.is_empty() { Ok(()) } else { Err(CopyError::NotEmpty) };
        }
        // There is always one, so that a commit says the revision, which may be above the last version's.
        changes.push(ControlChange { key: Record::Unfinished.unset().key, value: Some(mark_of(source)) });
        self.filling.raise(source.bounds.revision);
        let environment = Arc::clone(&self.environment);
        Ok(self.filling.controls(&changes, || CommitId(environment.random())).await?)
    }

    /// Makes it a store.
    pub(super) async fn finish(mut self) -> Result<(), CopyError> {
        if self.is_finished { Ok(()) } else { self.control(Record::Unfinished.unset()).await }
    }

    /// What it means that the two differ.
    pub(super) fn differs(&self, error: CopyError) -> CopyError {
        match error {
            CopyError::Differs(_) if self.is_finished => CopyError::NotEmpty,
            error => error,
        }
    }

    async fn control(&mut self, change: ControlChange) -> Result<(), CopyError> {
        self.filling.control(CommitId(self.environment.random()), vec![change]);
        self.append().await
    }
}

/// What says of which store a storage holds a part.
fn mark_of(source: &Contents) -> Bytes {
    Bytes::copy_from_slice(&source.cluster_id().to_be_bytes())
}
