//! The one task that changes the state: it evaluates requests, appends their commits in groups, and publishes what is durable.

mod batch;
mod followed;
mod others;
mod pace;
mod recovery;
mod tally;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

pub(crate) use self::batch::Work;
use self::batch::{Appending, Batch};
use self::followed::Followed;
use self::others::{Others, PROBE_PAUSE, gone_on, turn_to_come};
use self::pace::Pace;
use crate::auth::{Access, AuthState};
use crate::backend::{AppendOutcome, Backend, BackendError, Turn};
use crate::error::StoreError;
use crate::event::{Event, RevisionEvents};
use crate::index::Index;
use crate::machine::{Machine, Request};
use crate::options::StoreOptions;
use crate::read::ReadError;
use crate::response::Alarm;
use crate::shared::Shared;
use crate::stats::Counters;
use crate::types::{Position, Revision};
use crate::values::Values;
use crate::watch::WatchHub;

/// A group takes no more requests from this size on. Large enough that the disk's bandwidth, not its latency, is the limit.
const GROUP_BYTES: usize = 1 << 20;
/// Requests taken from the queue at once.
const REQUESTS_PER_TURN: usize = 128;
/// Requests that wait for a turn beside the queue.
const HELD_MAX: usize = 1024;
/// Expired leases revoked in one group, so that a mass expiry leaves room for requests.
const EXPIRED_PER_GROUP: usize = 256;
/// Deadlines are written down no more often, whatever is asked for: those that a grace does not cover do not wait for it.
const MIN_CHECKPOINT_INTERVAL: Duration = Duration::from_millis(100);

/// What is sent to the writer.
#[derive(Debug)]
pub(crate) enum Message {
    Work(Work),
    /// Finish what was begun, then end.
    Close(oneshot::Sender<()>),
}

type Append = std::pin::Pin<Box<dyn Future<Output = Result<AppendOutcome, BackendError>> + Send>>;

/// Owns the write side. While one group is being appended, the next is evaluated on top of it: the previous flush is the batching
/// window, and no timer is, unless one is asked for.
pub(crate) struct Writer {
    pub(crate) machine: Machine,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) index: Arc<RwLock<Index>>,
    pub(crate) values: Arc<Values>,
    pub(crate) hub: Arc<WatchHub>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) compaction: watch::Sender<Revision>,
    pub(crate) queue: mpsc::Receiver<Message>,
    pub(crate) checkpoint_interval: Duration,
    /// The end of the log as far as it is published.
    pub(crate) durable: Position,
    others: Others,
    followed: Followed,
    pace: Pace,
    appending: Option<(Appending, Append)>,
    next: Batch,
    /// Requests that wait for a turn to append. Evaluated before, they would be again on top of what others append first.
    held: VecDeque<Work>,
    /// Who waits for the end, once it has begun.
    closing: Option<Vec<oneshot::Sender<()>>>,
    /// Why nothing is written any more.
    poisoned: Option<String>,
    /// Expiry rests after it was refused, which it would only be again.
    expiry_rests: bool,
    /// Since something last landed, nobody answered once, or a question was not answered. What else fails meanwhile, a slow start of the
    /// storage say, changes nothing about it: the next answered question shows that it is well again.
    is_cut_off: bool,
}

impl Writer {
    #[expect(clippy::too_many_arguments, reason = "called once, by the store that makes all of these")]
    pub(crate) fn new(
        machine: Machine,
        backend: Arc<dyn Backend>,
        index: Arc<RwLock<Index>>,
        values: Arc<Values>,
        hub: Arc<WatchHub>,
        shared: Arc<Shared>,
        counters: Arc<Counters>,
        compaction: watch::Sender<Revision>,
        queue: mpsc::Receiver<Message>,
        options: &StoreOptions,
    ) -> Self {
        let durable = machine.position();
        let others = Others::new(backend.info().shared, backend.tip());
        Self {
            machine,
            backend,
            index,
            values,
            hub,
            shared,
            counters,
            compaction,
            queue,
            checkpoint_interval: options.lease_checkpoint_interval,
            durable,
            others,
            followed: Followed::default(),
            pace: Pace::new(options.min_group_interval),
            appending: None,
            next: Batch::default(),
            held: VecDeque::new(),
            closing: None,
            poisoned: None,
            expiry_rests: false,
            is_cut_off: false,
        }
    }

    pub(crate) async fn run(mut self) {
        let mut messages = Vec::with_capacity(REQUESTS_PER_TURN);
        let mut checkpoint = tokio::time::interval(self.checkpoint_interval.max(MIN_CHECKPOINT_INTERVAL));
        checkpoint.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.revoke_expired().await;
            self.refresh().await;
            self.start_appending().await;
            if self.closing.is_some() && self.appending.is_none() && self.next.is_empty() && self.held.is_empty() {
                break;
            }
            let expiry = self.until_expiry();
            let has_room = self.has_room() && self.held.len() < HELD_MAX && self.closing.is_none();
            let follows = self.others.possible && self.is_idle();
            let gathers = if self.appending.is_none() { self.gathers_until() } else { None };
            tokio::select! {
                biased;
                outcome = appended(&mut self.appending) => self.appended(outcome).await,
                turn = turn_to_come(&mut self.others.turn) => self.turn_came(turn).await,
                received = self.queue.recv_many(&mut messages, REQUESTS_PER_TURN), if has_room => {
                    if received == 0 {
                        self.begin_close(None).await;
                    }
                    for message in messages.drain(..) {
                        match message {
                            Message::Work(work) => self.receive(work).await,
                            Message::Close(done) => self.begin_close(Some(done)).await,
                        }
                    }
                }
                () = sleep_or_never(expiry), if has_room => {}
                () = tokio::time::sleep_until(gathers.unwrap_or_else(Instant::now)), if gathers.is_some() => {}
                () = tokio::time::sleep(PROBE_PAUSE), if follows && self.is_cut_off && self.next.is_empty() => self.probe(),
                () = gone_on(&mut self.others.tip, self.durable), if follows => self.follow_idle().await,
                _ = checkpoint.tick() => {
                    self.expiry_rests = false;
                    self.checkpoint_leases().await;
                }
            }
        }
        self.refuse_queued();
        for done in self.closing.into_iter().flatten() {
            let _ = done.send(());
        }
    }

    fn is_idle(&self) -> bool {
        self.appending.is_none() && !self.others.waits_for_turn() && self.poisoned.is_none()
    }

    fn has_room(&self) -> bool {
        self.next.bytes < GROUP_BYTES
    }

    /// Evaluates a request, or keeps it for the turn that has to come first.
    async fn receive(&mut self, work: Work) {
        if self.others.wants_turn() || !self.held.is_empty() {
            self.held.push_back(work);
        } else {
            self.evaluate(work).await;
        }
    }

    /// Evaluates what waited for this, as much as a group takes.
    async fn evaluate_held(&mut self) {
        while self.has_room()
            && let Some(work) = self.held.pop_front()
        {
            self.evaluate(work).await;
        }
    }

    /// Evaluates a request on top of everything before it.
    async fn evaluate(&mut self, work: Work) {
        if let Err(error) = self.fetch_needed(&work.request, &work.access).await {
            // It has an answer if the log has not gone on.
            let others_may_sweep = self.others.possible && self.poisoned.is_none();
            self.next.is_stale |= others_may_sweep && matches!(error, ReadError::Missing);
            return self.next.push(work, Err(error.into()), None);
        }
        let used = self.backend.size().allocated;
        let began = self.counters.now();
        let (answer, evaluated) = self.machine.evaluate(&work.request, &work.access, used);
        self.counters.evaluated(&work.request, answer.is_ok(), began);
        match (&self.poisoned, evaluated) {
            (Some(reason), Some(evaluated)) => self.refuse(work, evaluated, reason.clone()),
            (_, evaluated) => self.next.push(work, answer, evaluated),
        }
    }

    /// Fetches the values that the evaluation of `request` compares or keeps, where they are not at hand.
    async fn fetch_needed(&mut self, request: &Request, access: &Access) -> Result<(), ReadError> {
        let missing = self.machine.missing_values(request, access);
        if missing.is_empty() {
            return Ok(());
        }
        let values = self.values.get(&missing).await.map_err(|e| StoreError::from_read(&e))?;
        for (id, value) in missing.into_iter().zip(values) {
            let value = value.ok_or(ReadError::Missing)?;
            self.machine.prefetch(id, value);
        }
        Ok(())
    }

    /// Hands the evaluated batch to the backend if that is idle.
    async fn start_appending(&mut self) {
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
    fn gathers_until(&self) -> Option<Instant> {
        let gathers = !self.next.commits.is_empty() && self.next.bytes < GROUP_BYTES && self.closing.is_none();
        if gathers { self.pace.waits_until() } else { None }
    }

    /// The same, whoever's turn it is; `turn` ends with the append.
    async fn append_next(&mut self, turn: Option<Turn>) {
        let batch = std::mem::take(&mut self.next);
        // Where others append, even what changes nothing must rest on the end of the log.
        if batch.commits.is_empty() && (!self.others.possible || turn.is_some()) {
            tally::count(&self.counters, &batch.entries, &[]);
            batch.entries.into_iter().for_each(batch::Entry::answer);
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
    fn append(&self, appending: &Appending, turn: Option<Turn>) -> Append {
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

    async fn appended(&mut self, outcome: Result<AppendOutcome, BackendError>) {
        let (appending, _) = self.appending.take().expect("an append has ended");
        match outcome {
            Ok(AppendOutcome::Appended) => self.landed(appending).await,
            Ok(AppendOutcome::Conflict { .. }) => self.resolve_conflict(appending).await,
            Err(error) => self.append_failed(appending, error).await,
        }
    }

    /// A group is durable: the next one goes to the disk at once, and then everybody may know of this one.
    async fn landed(&mut self, mut appending: Appending) {
        self.others.undisturbed();
        self.is_cut_off = false;
        self.shared.clear_failure();
        if let Some(last) = appending.group.last() {
            self.durable = last.position;
            self.start_appending().await;
            self.publish(&mut appending);
            self.counters.set_leases(self.machine.leases());
        }
        tally::count(&self.counters, &appending.entries, &appending.group);
        appending.entries.into_iter().for_each(batch::Entry::answer);
    }

    /// In this order: the values can be read, the index shows the keys, and with them what is permitted counts, the watchers see
    /// the events. The answers follow.
    fn publish(&mut self, appending: &mut Appending) {
        let mut events = Vec::with_capacity(appending.group.len());
        for (commit, effects) in appending.group.iter().zip(&appending.effects) {
            self.machine.settle(commit);
            for (mutation, event) in commit.mutations.iter().zip(&effects.events) {
                if !mutation.value.is_empty() {
                    self.values.insert(mutation.meta.id, mutation.value.clone());
                }
                if let Some(prev) = &event.prev {
                    self.values.forget(prev.meta.id);
                }
            }
            if !effects.events.is_empty() {
                let revision = commit.revision;
                events.push(RevisionEvents { revision, events: effects.events.as_slice().into() });
            }
        }
        let last = appending.group.last().expect("a group is not empty");
        let compacted = appending.effects.last().expect("every commit has effects").compacted;
        let alarms = appending.effects.iter_mut().rev().find_map(|effects| effects.alarms.take());
        if let Some(cluster) = appending.effects.iter_mut().rev().find_map(|effects| effects.cluster.take()) {
            self.shared.cluster.store(cluster);
        }
        let auth = appending.effects.iter_mut().rev().find_map(|effects| effects.auth.take());
        self.show(events, (last.position, last.revision), compacted, alarms, auth);
    }

    fn show(
        &mut self,
        events: Vec<RevisionEvents>,
        (position, revision): (Position, Revision),
        compacted: Revision,
        alarms: Option<Vec<Alarm>>,
        auth: Option<Arc<AuthState>>,
    ) {
        {
            // Under one lock: who sees the new keys finds the new permissions too, when it looks again.
            let mut index = self.index.write();
            index.publish(revision, compacted);
            if let Some(auth) = auth {
                self.shared.auth.publish(auth);
            }
        }
        self.shared.published(position, alarms);
        self.hub.publish(events, revision);
        if *self.compaction.borrow() < compacted {
            self.hub.compacted(compacted);
            self.compaction.send_replace(compacted);
        }
    }

    /// Revokes leases that are due, each by a commit of its own as in etcd, but many in a group.
    async fn revoke_expired(&mut self) {
        if self.poisoned.is_some() || self.expiry_rests || self.closing.is_some() || !self.backend.leads() {
            return;
        }
        while self.next.expired < EXPIRED_PER_GROUP {
            let Some(id) = self.machine.next_expired() else { return };
            self.next.expired += 1;
            let commits = self.next.commits.len();
            self.ask_self(Request::LeaseRevoke(id)).await;
            // With the CORRUPT alarm on it is refused, and would be again at once.
            if self.next.commits.len() == commits {
                self.expiry_rests = true;
                return;
            }
        }
    }

    fn until_expiry(&self) -> Option<Duration> {
        let rests = self.poisoned.is_some()
            || self.expiry_rests
            || !self.backend.leads()
            || self.next.expired >= EXPIRED_PER_GROUP;
        if rests { None } else { self.machine.until_next_expiry() }
    }

    async fn checkpoint_leases(&mut self) {
        if self.poisoned.is_none() && self.machine.has_renewed_leases() {
            self.ask_self(Request::CheckpointLeases).await;
        }
    }

    async fn ask_self(&mut self, request: Request) {
        self.evaluate(Work { request, access: Access::Trusted, reply: None, _permit: None }).await;
    }

    /// Requests that came too late have not happened.
    fn refuse_queued(&mut self) {
        self.queue.close();
        while let Ok(message) = self.queue.try_recv() {
            match message {
                Message::Work(work) => self.next.push(work, Err(StoreError::Stopped), None),
                Message::Close(done) => self.closing.get_or_insert_default().push(done),
            }
        }
        std::mem::take(&mut self.next).entries.into_iter().for_each(batch::Entry::answer);
    }

    /// Takes nothing new from now on. Deadlines of leases are written down last; those that do not fit, a restart's grace covers.
    async fn begin_close(&mut self, done: Option<oneshot::Sender<()>>) {
        if self.closing.is_none() {
            self.checkpoint_leases().await;
            self.queue.close();
        }
        self.closing.get_or_insert_default().extend(done);
    }
}

async fn appended(appending: &mut Option<(Appending, Append)>) -> Result<AppendOutcome, BackendError> {
    match appending {
        Some((_, append)) => append.await,
        None => std::future::pending().await,
    }
}

async fn sleep_or_never(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
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
