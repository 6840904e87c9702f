//! The one task that changes the state: it evaluates requests, appends their commits in groups, and publishes what is durable.

mod append;
mod batch;
mod evaluate;
mod expiry;
mod followed;
mod others;
mod pace;
mod publish;
mod recovery;
mod tally;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use self::append::appended;
pub(crate) use self::batch::Work;
use self::batch::{Appending, Batch};
use self::followed::Followed;
use self::others::{Others, PROBE_PAUSE, gone_on, turn_to_come};
use self::pace::Pace;
use crate::backend::{AppendOutcome, Backend, BackendError};
use crate::error::StoreError;
use crate::index::Index;
use crate::machine::Machine;
use crate::options::StoreOptions;
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

async fn sleep_or_never(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
