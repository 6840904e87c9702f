//! Requests that share a group of the log.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::auth::Access;
use crate::commit::{Commit, Group};
use crate::error::StoreError;
use crate::machine::{Effects, Evaluated, Request, Response};

/// What a caller gets back.
pub(crate) type Answer = Result<Response, StoreError>;

/// A request on its way.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) request: Request,
    /// How it is checked.
    pub(crate) access: Access,
    /// Who waits; nobody for what the writer asks of itself.
    pub(crate) reply: Option<oneshot::Sender<Answer>>,
    /// Its share of the memory that waiting requests may take; given back with it.
    pub(crate) _permit: Option<OwnedSemaphorePermit>,
}

/// Requests evaluated one after the other, and what they commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    pub(crate) commits: Vec<Commit>,
    pub(crate) effects: Vec<Effects>,
    pub(crate) bytes: usize,
    /// Expired leases revoked in it.
    pub(crate) expired: usize,
    /// A value was missing: the log has gone on, and another store has swept.
    pub(crate) is_stale: bool,
}

/// A batch whose commits are on their way to the backend.
#[derive(Debug)]
pub(crate) struct Appending {
    pub(crate) entries: Vec<Entry>,
    pub(crate) group: Group,
    pub(crate) effects: Vec<Effects>,
    /// Tries of unknown outcome. They may have happened, so that a later one that did not proves nothing.
    pub(crate) unknown_tries: u32,
}

/// An evaluated request, whose answer waits for the disk.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) work: Work,
    pub(crate) answer: Answer,
    /// Whether it has a commit.
    pub(crate) commits: bool,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn push(&mut self, work: Work, answer: Answer, evaluated: Option<Evaluated>) {
        let commits = evaluated.is_some();
        if let Some(Evaluated { commit, effects }) = evaluated {
            self.bytes += commit.weight_bytes();
            self.commits.push(commit);
            self.effects.push(effects);
        }
        self.entries.push(Entry { work, answer, commits });
    }

    pub(crate) fn seal(self) -> Appending {
        Appending { entries: self.entries, group: self.commits.into(), effects: self.effects, unknown_tries: 0 }
    }
}

impl Entry {
    pub(crate) fn answer(self) {
        self.answer_with(|answer| answer);
    }

    pub(crate) fn answer_with(self, change: impl FnOnce(Answer) -> Answer) {
        if let Some(reply) = self.work.reply {
            // A caller that went away does not want to know.
            let _ = reply.send(change(self.answer));
        }
    }
}
