//! Groups on their way to the backend.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;

use super::batch::{Appending, Entry};
use super::{Append, GROUP_BYTES, Writer, tally};
use crate::backend::{AppendOutcome, BackendError, Turn};
use crate::event::Event;
use crate::values::Values;

impl Writer {
    /// Hands the evaluated batch to the backend if that is idle.
    pub(super) async fn start_appending(&mut self) {
        let is_busy = self.appending.is_some() || self.others.waits_for_turn();
        let has_any = !self.next.is_empty() || !self.held.is_empty();
        let is_ready = has_any && !self.next.is_stale && self.gathers_until().is_none();
        if is_busy || !is_ready || self.ask_for_turn() {
            return;
        }
        self.evaluate_held().await;
        if !self.next.is_stale {
            self.append_next(None).await;
        }
    }

    /// Until when the next batch takes in requests although the backend is idle.
    pub(super) fn gathers_until(&self) -> Option<Instant> {
        let gathers = !self.next.commits.is_empty() && self.next.bytes < GROUP_BYTES && self.closing.is_none();
        if gathers { self.pace.waits_until() } else { None }
    }

    /// Hands the evaluated batch to the backend, whoever's turn it is; `turn` ends with the append.
    pub(super) async fn append_next(&mut self, turn: Option<Turn>) {
        let batch = std::mem::take(&mut self.next);
        // Where others append, even what changes nothing must rest on the end of the log.
        if batch.commits.is_empty() && (!self.others.possible || turn.is_some()) {
            tally::count(&self.counters, &batch.entries, &[]);
            batch.entries.into_iter().for_each(Entry::answer);
            return;
        }
        if !batch.commits.is_empty() {
            self.pace.begin();
            self.counters.group_commits.observe(batch.commits.len() as u64);
            self.counters.group_bytes.observe(batch.bytes as u64);
        }
        let appending = batch.seal();
        let mut append = self.append(&appending, turn);
        // The backend begins at the first poll; until then nothing would be on its way.
        let early = poll_fn(|cx| Poll::Ready(append.as_mut().poll(cx))).await;
        if let Poll::Ready(outcome) = early {
            // A backend that never waits must not keep the writer from its queue, nor its thread from other tasks.
            append = Box::pin(async move {
                tokio::task::yield_now().await;
                outcome
            });
        }
        self.appending = Some((appending, append));
    }

    /// Appends, and meanwhile fetches the previous values that watchers will want and that are not at hand.
    pub(super) fn append(&self, appending: &Appending, turn: Option<Turn>) -> Append {
        let backend = Arc::clone(&self.backend);
        if appending.group.is_empty() {
            return self.confirm(self.durable);
        }
        let (expected, group) = (self.durable, Arc::clone(&appending.group));
        let counters = Arc::clone(&self.counters);
        let append = async move {
            let began = counters.now();
            let outcome = match turn {
                Some(turn) => backend.append_in_turn(expected, group, turn).await,
                None => backend.append(expected, group).await,
            };
            counters.appends.observe_duration(counters.since(began));
            outcome
        };
        if !self.hub.wants_prev_kv() {
            return Box::pin(append);
        }
        let events = appending.effects.iter().flat_map(|e| &e.events);
        let lacking: Vec<_> = events.filter(|e| e.lacks_prev_value()).cloned().collect();
        if lacking.is_empty() {
            return Box::pin(append);
        }
        let values = Arc::clone(&self.values);
        Box::pin(async move { tokio::join!(append, fetch_prev_values(lacking, values)).0 })
    }

    pub(super) async fn appended(&mut self, outcome: Result<AppendOutcome, BackendError>) {
        let (appending, _) = self.appending.take().expect("an append has ended");
        match outcome {
            Ok(AppendOutcome::Appended) => self.landed(appending).await,
            Ok(AppendOutcome::Conflict { .. }) => self.resolve_conflict(appending).await,
            Err(error) => self.append_failed(appending, error).await,
        }
    }
}

pub(super) async fn appended(appending: &mut Option<(Appending, Append)>) -> Result<AppendOutcome, BackendError> {
    match appending {
        Some((_, append)) => append.await,
        None => std::future::pending().await,
    }
}

/// Best effort: who needs a value that is still missing fetches it again.
async fn fetch_prev_values(events: Vec<Arc<Event>>, values: Arc<Values>) {
    if let Ok(previous) = values.previous(&events).await {
        for (prev, value) in previous.filter(|(_, value)| value.is_some()) {
            let _ = prev.value.set(value);
        }
    }
}
