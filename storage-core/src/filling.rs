//! Appending commits in groups to a storage that is to be filled, and of which nobody else knows anything yet.

use std::sync::Arc;

use crate::backend::{AppendOutcome, Backend, BackendError, Bounds};
use crate::commit::{Commit, ControlChange, Mutation};
use crate::types::{CommitId, Position, Revision};

/// A group is appended when it has this size.
pub(crate) const GROUP_BYTES: usize = 1 << 20;
/// Control changes in one commit.
const CONTROLS_PER_COMMIT: usize = 1000;

/// The end of the log of a storage, and what is to be appended next.
#[derive(Debug)]
pub(crate) struct Filling {
    backend: Arc<dyn Backend>,
    /// Of the last commit made, appended or not.
    end: Bounds,
    /// Of the last commit appended.
    appended: Position,
    group: Vec<Commit>,
    group_bytes: usize,
}

/// Why a group was not appended.
#[derive(Debug)]
pub(crate) enum FillError {
    Backend(BackendError),
    /// Another process appended.
    Contended,
}

impl Filling {
    /// Goes on behind `end`.
    pub(crate) fn new(backend: Arc<dyn Backend>, end: Bounds) -> Self {
        Self { backend, end, appended: end.position, group: Vec::new(), group_bytes: 0 }
    }

    pub(crate) fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// The revision of the last commit made.
    pub(crate) fn revision(&self) -> Revision {
        self.end.revision
    }

    /// Commits without mutations carry `revision` from now on.
    pub(crate) fn raise(&mut self, revision: Revision) {
        self.end.revision = revision;
    }

    /// Whether the group is as large as one should be.
    pub(crate) fn is_full(&self) -> bool {
        self.group_bytes >= GROUP_BYTES
    }

    /// Makes a commit of the versions of one revision.
    pub(crate) fn versions(&mut self, revision: Revision, id: CommitId, mutations: Vec<Mutation>) {
        self.end.revision = revision;
        self.commit(id, mutations, Vec::new());
    }

    /// Makes a commit of control changes alone.
    pub(crate) fn control(&mut self, id: CommitId, changes: Vec<ControlChange>) {
        self.commit(id, Vec::new(), changes);
    }

    /// Appends any number of control changes, in several commits.
    pub(crate) async fn controls(
        &mut self,
        changes: &[ControlChange],
        mut id: impl FnMut() -> CommitId,
    ) -> Result<(), FillError> {
        for changes in changes.chunks(CONTROLS_PER_COMMIT) {
            self.control(id(), changes.to_vec());
            self.append().await?;
        }
        Ok(())
    }

    fn commit(&mut self, id: CommitId, mutations: Vec<Mutation>, controls: Vec<ControlChange>) {
        self.end.position = self.end.position.next();
        let Bounds { position, revision } = self.end;
        let commit = Commit { position, revision, id, mutations, controls };
        self.group_bytes += commit.weight_bytes();
        self.group.push(commit);
    }

    /// Appends what was made.
    pub(crate) async fn append(&mut self) -> Result<(), FillError> {
        let group = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        let Some(last) = group.last().map(|commit| commit.position) else { return Ok(()) };
        match self.backend.append(self.appended, group.into()).await {
            Ok(AppendOutcome::Appended) => self.appended = last,
            Ok(AppendOutcome::Conflict { .. }) => return Err(FillError::Contended),
            Err(error) => return Err(FillError::Backend(error)),
        }
        Ok(())
    }
}
