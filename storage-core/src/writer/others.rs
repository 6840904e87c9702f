//! Other stores that append to the same log.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::batch::{Appending, Batch};
use super::{Append, Writer};
use crate::backend::{AppendOutcome, BackendError, Turn};
use crate::types::Position;

/// For so many groups after a conflict this store waits for its turn: then nobody loses against who is quicker. After as many
/// turns in which nobody else appended it is alone again.
const TURNS: u32 = 16;
/// Turns that nobody gives, because who has one was stopped, are not waited for again before this.
const NO_TURNS: Duration = Duration::from_secs(5);

/// Between two tries whether a storage can be reached again.
pub(super) const PROBE_PAUSE: Duration = Duration::from_millis(250);

pub(super) type TurnToCome = std::pin::Pin<Box<dyn Future<Output = Result<Turn, BackendError>> + Send>>;

/// What a writer knows of the others. Nothing, if the log has one writer.
pub(super) struct Others {
    /// Whether there may be any.
    pub(super) possible: bool,
    pub(super) tip: watch::Receiver<Position>,
    /// Turns still to be waited for.
    turns: u32,
    pub(super) turn: Option<TurnToCome>,
    without_turns_until: Option<Instant>,
}

impl Others {
    pub(super) fn new(possible: bool, tip: watch::Receiver<Position>) -> Self {
        Self { possible, tip, turns: 0, turn: None, without_turns_until: None }
    }

    /// Somebody else has appended.
    pub(super) fn met(&mut self) {
        self.turns = TURNS;
    }

    /// A group went through.
    pub(super) fn undisturbed(&mut self) {
        self.turns = self.turns.saturating_sub(1);
    }

    pub(super) fn waits_for_turn(&self) -> bool {
        self.turn.is_some()
    }

    /// Whether the next group waits for a turn.
    pub(super) fn wants_turn(&self) -> bool {
        self.turns > 0 && self.without_turns_until.is_none_or(|until| until <= Instant::now())
    }
}

/// The turn that was asked for; never, if none was.
pub(super) async fn turn_to_come(turn: &mut Option<TurnToCome>) -> Result<Turn, BackendError> {
    match turn {
        Some(turn) => turn.await,
        None => std::future::pending().await,
    }
}

/// Done when the log has gone on behind `durable`.
pub(super) async fn gone_on(tip: &mut watch::Receiver<Position>, durable: Position) {
    if tip.wait_for(|tip| *tip > durable).await.is_err() {
        std::future::pending().await
    }
}

impl Writer {
    /// Asks for a turn for the next batch, if one is called for.
    pub(super) fn ask_for_turn(&mut self) -> bool {
        if !self.others.wants_turn() {
            return false;
        }
        let backend = std::sync::Arc::clone(&self.backend);
        self.others.turn = Some(Box::pin(async move { backend.turn().await }));
        true
    }

    /// Appends in its turn: first come the commits that others have appended before, and the requests again on top of them.
    pub(super) async fn turn_came(&mut self, turn: Result<Turn, BackendError>) {
        self.others.turn = None;
        let turn = match turn {
            Ok(turn) => Some(turn),
            Err(error) => {
                tracing::debug!(%error, "no turn to append is given");
                self.others.without_turns_until = Some(Instant::now() + NO_TURNS);
                None
            }
        };
        if self.next.is_stale || turn.as_ref().is_some_and(|turn| turn.end > self.durable) {
            let read = turn.as_ref().map_or(&[][..], |turn| &turn.commits);
            self.follow_unshown(Batch::default().seal(), read).await;
        }
        self.evaluate_held().await;
        if self.next.is_stale || self.next.commits.is_empty() {
            self.show_followed();
        }
        self.refresh().await;
        // What could not be read must not be answered from: without the turn, the end of the log is asked for again.
        let turn = turn.filter(|turn| turn.end <= self.durable);
        self.append_next(turn).await;
        // Nobody else waits for this.
        self.show_followed();
    }

    /// Takes in what others have appended while nothing of this store is on its way. What is evaluated is evaluated again.
    pub(super) async fn follow_idle(&mut self) {
        self.follow(Batch::default().seal()).await;
    }

    /// Evaluates a batch again that lacks a value which another store has swept: its compaction is in the log by then. If the log
    /// has not gone on the value is lost.
    pub(super) async fn refresh(&mut self) {
        if self.next.is_stale && self.is_idle() {
            let durable = self.durable;
            self.follow_idle().await;
            self.next.is_stale &= self.durable > durable;
        }
    }

    /// An append of nothing: whether the log still ends where the answers of a batch without commits rest on.
    pub(super) fn confirm(&self, expected: Position) -> Append {
        let backend = std::sync::Arc::clone(&self.backend);
        Box::pin(async move {
            let position = backend.end().await?;
            Ok(if position == expected { AppendOutcome::Appended } else { AppendOutcome::Conflict { position } })
        })
    }

    /// Finds out that a storage can be reached again, though nobody writes.
    pub(super) fn probe(&mut self) {
        self.appending = Some((Batch::default().seal(), self.confirm(self.durable)));
    }

    /// The storage cannot say whether the answers of a batch without commits are true.
    pub(super) fn unconfirmed(appending: Appending, error: &BackendError) {
        for entry in appending.entries {
            entry.answer_with(|_| Err(crate::error::StoreError::from_read(error)));
        }
    }
}
