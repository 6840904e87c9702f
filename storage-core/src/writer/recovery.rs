//! What the writer does when an append did not simply land.

use std::sync::Arc;
use std::time::Duration;

use super::batch::{Appending, Batch, Entry, Work};
use super::{Append, Writer};
use crate::backend::{BackendError, ScanFrom, ScanLimits};
use crate::commit::Commit;
use crate::error::StoreError;
use crate::machine::Evaluated;
use crate::opening::load;
use crate::store::OpenError;
use crate::types::{CommitId, Position, Sub};

/// Between two tries of an append whose outcome is unknown.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Tries after which its requests are answered so. They would have had their answer from a storage that is only slow or away for
/// a moment, and those that wait behind them should not wait for ever.
const TRIES: u32 = 50;

impl Writer {
    pub(super) async fn append_failed(&mut self, appending: Appending, error: BackendError) {
        let is_news = self.shared.fail(error.cause().to_string());
        self.is_cut_off |= error.is_unreachable() || appending.group.is_empty();
        if is_news {
            tracing::warn!(%error, "the storage did not take a group of writes");
        }
        match error {
            BackendError::Fatal(_) => self.poison(appending, &error),
            _ if appending.group.is_empty() => Self::unconfirmed(appending, &error),
            BackendError::Determinate(_) if appending.unknown_tries == 0 => self.refused(appending, &error).await,
            _ if appending.unknown_tries == TRIES => self.refused(appending, &error.into_unknown()).await,
            BackendError::Determinate(_) | BackendError::Indeterminate(_) => self.append_again(appending, &error),
        }
    }

    /// It did not happen, or nobody can tell: its requests are told so, and those evaluated on top are evaluated again without it.
    /// If it happens yet, the next append conflicts with it, as with another writer's.
    async fn refused(&mut self, appending: Appending, error: &BackendError) {
        self.expiry_rests = true;
        let mut again = Vec::new();
        for entry in self.take_back(appending) {
            match entry {
                (entry, true) if entry.commits => {
                    entry.answer_with(|_| Err(StoreError::from_append(error)));
                }
                (entry, _) => again.push(entry.work),
            }
        }
        self.evaluate_again(again).await;
    }

    /// Nobody knows whether it happened. The same group is appended again: if it did happen, that conflicts with itself,
    /// which [`Writer::resolve_conflict`] recognises by the commit ids. Until then everybody waits, but not without end.
    fn append_again(&mut self, mut appending: Appending, error: &BackendError) {
        let is_news = appending.unknown_tries == 0;
        appending.unknown_tries += 1;
        if self.closing.is_some() {
            // The next opening finds out.
            return self.poison(appending, error);
        }
        // It is tried ten times a second.
        if is_news {
            tracing::warn!(%error, "the outcome of an append is unknown; it is tried again");
        }
        let append = self.append(&appending, None);
        let later: Append = Box::pin(async move {
            tokio::time::sleep(RETRY_PAUSE).await;
            append.await
        });
        self.appending = Some((appending, later));
    }

    /// The storage is of no more use for writing. What is published stays readable. Answers that changed nothing are lost as well,
    /// rejections included: they may rest on what did not happen.
    fn poison(&mut self, appending: Appending, error: &BackendError) {
        tracing::error!(%error, "the storage has failed: writes are refused until the store is opened again");
        self.poisoned = Some(error.cause().to_string());
        for (entry, was_appending) in self.take_back(appending) {
            let may_have_happened = was_appending && entry.commits;
            entry.answer_with(|_| {
                Err(if may_have_happened {
                    StoreError::Unknown(error.to_string())
                } else {
                    StoreError::from_read(error)
                })
            });
        }
    }

    /// The log does not end where this writer thought: either its own group is there already, or another writer's. Of one that may
    /// have happened nobody can tell any more once another store has swept its first commit.
    pub(super) async fn resolve_conflict(&mut self, appending: Appending) {
        self.counters.conflicts.increment();
        match self.scan_one().await {
            Ok(Some((_, id))) if appending.group.first().is_some_and(|first| first.id == id) => {
                self.landed(appending).await;
            }
            Ok(Some((position, _))) if appending.unknown_tries > 0 && position != self.durable.next() => {
                let error = BackendError::indeterminate("what the log had there is compacted");
                self.refused(appending, &error).await;
            }
            Ok(Some(_)) => self.follow(appending).await,
            Ok(None) => {
                let error = BackendError::indeterminate("the log conflicts with a commit that it does not have");
                self.append_failed(appending, error).await;
            }
            Err(error) => self.append_failed(appending, error.into_unknown()).await,
        }
    }

    async fn scan_one(&mut self) -> Result<Option<(Position, CommitId)>, BackendError> {
        let limits = ScanLimits { commits: 1, bytes: 1 };
        let commits = self.backend.scan(ScanFrom::After(self.durable), limits).await?;
        Ok(commits.first().map(|c| (c.position, c.id)))
    }

    /// Takes in and shows what others appended, and evaluates the requests again on top of it.
    pub(super) async fn follow(&mut self, appending: Appending) {
        self.follow_unshown(appending, &[]).await;
        self.show_followed();
    }

    /// The same, when `commits` are read already. Before anything is taken back or answered, it must be shown.
    pub(super) async fn follow_unshown(&mut self, appending: Appending, commits: &[Commit]) {
        self.others.met();
        let again: Vec<_> = self.take_back(appending).into_iter().map(|(e, _)| e.work).collect();
        if let Err(error) = self.catch_up(commits).await {
            self.show_followed();
            self.is_cut_off = true;
            if self.shared.fail(error.cause().to_string()) {
                tracing::warn!(%error, "the commits of another writer cannot be read");
            }
            if matches!(error, BackendError::Fatal(_)) {
                self.poisoned = Some(error.cause().to_string());
            } else {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
        if self.poisoned.is_some() {
            // What is refused is taken back at once.
            self.show_followed();
        }
        self.evaluate_again(again).await;
    }

    async fn catch_up(&mut self, read: &[Commit]) -> Result<(), BackendError> {
        if !read.is_empty() && self.take_in(read)? && Self::is_all(read, ScanLimits::default()) {
            return Ok(());
        }
        loop {
            let limits = ScanLimits::default();
            let commits = self.backend.scan(ScanFrom::After(self.durable), limits).await?;
            if !self.take_in(&commits)? {
                self.show_followed();
                self.reload().await?;
            } else if Self::is_all(&commits, limits) {
                return Ok(());
            }
        }
    }

    /// Whether a scan that found `commits` has come to the end of the log.
    fn is_all(commits: &[Commit], limits: ScanLimits) -> bool {
        let bytes: usize = commits.iter().map(Commit::weight_bytes).sum();
        commits.len() < limits.commits && bytes < limits.bytes
    }

    /// Takes in what others have appended, as far as it follows on what is there. Answers whether all of it does.
    fn take_in(&mut self, commits: &[Commit]) -> Result<bool, BackendError> {
        let mut taken = 0;
        for commit in commits.iter() {
            if !self.follows(commit) {
                break;
            }
            let events = self.machine.follow(commit).map_err(|e| BackendError::fatal(e.to_string()))?;
            for event in events.iter().filter(|event| !event.value.0.is_empty()) {
                self.values.insert(event.meta.id, event.value.0.clone());
            }
            self.durable = commit.position;
            taken += 1;
            self.followed.push(commit.revision, events);
        }
        if taken > 0 {
            self.followed.through(self.durable, &self.machine);
        }
        Ok(taken == commits.len())
    }

    /// Shows what was taken in.
    pub(super) fn show_followed(&mut self) {
        let (events, end) = self.followed.take();
        if let Some(end) = end {
            self.shared.cluster.store(end.cluster);
            self.show(events, (end.position, end.revision), end.compacted, Some(end.alarms), Some(end.auth));
        }
    }

    /// The log was compacted past what this store has read of it. The state is read anew, as at an opening, and takes the place of the
    /// old one at once; until then reads are of the old one.
    async fn reload(&mut self) -> Result<(), BackendError> {
        tracing::warn!("the log was compacted past what this store has read of it; everything is read anew");
        let mut machine = self.machine.afresh();
        load(&mut machine, &*self.backend).await.map_err(|error| match error {
            OpenError::Backend(error) => error,
            error => BackendError::fatal(error.to_string()),
        })?;
        // Before the keys: who sees those finds the new permissions too, when it looks again.
        self.shared.auth.publish(Arc::clone(machine.auth()));
        self.machine.become_other(machine);
        self.durable = self.machine.position();
        let (revision, compacted) = (self.machine.revision(), self.machine.compacted());
        self.shared.cluster.store(Arc::clone(self.machine.cluster()));
        self.shared.published(self.durable, Some(self.machine.alarms().collect()));
        self.hub.skip_to(revision, compacted);
        self.compaction.send_replace(compacted);
        Ok(())
    }

    /// Whether nothing is missing between what is published and `commit`, nor in it, as far as can be told: another store
    /// may have compacted the log meanwhile.
    fn follows(&self, commit: &Commit) -> bool {
        let expected =
            if commit.mutations.is_empty() { self.machine.revision() } else { self.machine.revision().next() };
        let is_whole = commit.mutations.iter().zip(0..).all(|(m, sub)| m.meta.id.sub == Sub(sub));
        commit.position == self.durable.next() && commit.revision == expected && is_whole
    }

    /// Takes back everything that is evaluated and not durable. Answers the requests in order, and whether each was being
    /// appended.
    fn take_back(&mut self, appending: Appending) -> Vec<(Entry, bool)> {
        let Batch { entries: later, commits, effects, .. } = std::mem::take(&mut self.next);
        let mut undone = appending.group.iter().cloned().zip(appending.effects).collect::<Vec<_>>();
        undone.extend(commits.into_iter().zip(effects));
        let undone = undone.into_iter().map(|(commit, effects)| Evaluated { commit, effects }).collect();
        let published = self.index.read().published();
        self.machine.rollback(undone, self.durable, published);
        let appending = appending.entries.into_iter().map(|entry| (entry, true));
        appending.chain(later.into_iter().map(|entry| (entry, false))).collect()
    }

    async fn evaluate_again(&mut self, again: Vec<Work>) {
        for work in again {
            self.evaluate(work).await;
        }
    }

    /// A write after the storage failed: evaluated, so that a bad request gets its own error, and taken back.
    pub(super) fn refuse(&mut self, work: Work, evaluated: Evaluated, reason: String) {
        let published = self.index.read().published();
        self.machine.rollback(vec![evaluated], self.durable, published);
        self.next.push(work, Err(StoreError::Failed(reason)), None);
    }
}
