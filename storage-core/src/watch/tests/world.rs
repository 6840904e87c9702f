//! A store that is just enough for a hub: a log in memory, an index of versions and a writer that waits for everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;

use super::super::{Predecessors, WatchControl, WatchEvents, WatchHub, WatchMessage, WatchRequest};
use crate::backend::{AppendOutcome, Backend, BackendError, CompactStep, MemoryBackend};
use crate::commit::{Commit, Mutation};
use crate::event::{Event, PrevKv, RevisionEvents};
use crate::key_range::KeyRange;
use crate::types::{CommitId, Key, LeaseId, Position, Revision, Sub, VersionId, VersionMeta};
use crate::values::Values;

/// More than any test publishes.
pub(super) const BIG_RING: usize = 1 << 30;

/// One change of a key.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(&'static str, Vec<u8>),
    Delete(&'static str),
}

pub(super) fn put(key: &'static str) -> Change {
    Change::Put(key, b"value".to_vec())
}

pub(super) fn delete(key: &'static str) -> Change {
    Change::Delete(key)
}

/// Every kept version of every key.
#[derive(Debug, Default)]
pub(super) struct Index(Mutex<BTreeMap<Key, Vec<VersionMeta>>>, Mutex<Option<Revision>>);

#[async_trait]
impl Predecessors for Index {
    fn predecessor(&self, key: &[u8], revision: Revision) -> Option<VersionMeta> {
        let index = self.0.lock();
        let last = *index.get(key)?.iter().rfind(|meta| meta.mod_revision() < revision)?;
        (!last.is_tombstone()).then_some(last)
    }

    async fn compacted_by_others(&self) -> Result<Option<Revision>, BackendError> {
        Ok(*self.1.lock())
    }
}

impl Index {
    fn last(&self, key: &[u8]) -> Option<VersionMeta> {
        self.predecessor(key, Revision(i64::MAX))
    }

    /// Forgets what a compaction makes unreadable, and says what that was.
    fn compact(&self, through: Revision) -> Vec<VersionId> {
        let mut dead = Vec::new();
        for versions in self.0.lock().values_mut() {
            let newest = versions.iter().rfind(|meta| meta.mod_revision() <= through).map(|meta| meta.id);
            versions.retain(|meta| {
                let gone = meta.is_tombstone() && meta.mod_revision() < through;
                let keep = meta.mod_revision() > through || (Some(meta.id) == newest && !gone);
                if !keep {
                    dead.push(meta.id);
                }
                keep
            });
        }
        dead.sort_unstable();
        dead
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) hub: Arc<WatchHub>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) revision: Revision,
    /// Whether events are published with their previous values at hand.
    pub(super) prev_at_hand: bool,
    position: Position,
    index: Arc<Index>,
    values: Arc<Values>,
}

impl World {
    pub(super) fn new(ring_bytes: usize) -> Self {
        Self { prev_at_hand: true, ..Self::on(Arc::new(MemoryBackend::new()), ring_bytes) }
    }

    /// A world whose writer reads nothing from the backend.
    pub(super) fn on(backend: Arc<dyn Backend>, ring_bytes: usize) -> Self {
        let index = Arc::new(Index::default());
        let values = Arc::new(Values::new(Arc::clone(&backend), 1 << 10));
        let predecessors: Arc<dyn Predecessors> = Arc::clone(&index) as _;
        let hub = WatchHub::new(
            Arc::clone(&backend),
            Arc::clone(&values),
            predecessors,
            ring_bytes,
            Revision::FIRST,
            Revision(-1),
        );
        Self { hub, backend, revision: Revision::FIRST, prev_at_hand: false, position: Position(0), index, values }
    }

    /// Commits one transaction and publishes it.
    pub(super) async fn commit(&mut self, changes: &[Change]) -> Arc<[Arc<Event>]> {
        self.group(&[changes.to_vec()]).await.remove(0).events
    }

    /// Commits transactions and publishes them together.
    pub(super) async fn group(&mut self, transactions: &[Vec<Change>]) -> Vec<RevisionEvents> {
        let events = self.append(transactions).await;
        self.hub.publish(events.clone(), self.revision);
        events
    }

    /// Commits transactions without publishing them.
    pub(super) async fn append(&mut self, transactions: &[Vec<Change>]) -> Vec<RevisionEvents> {
        let (expected, mut events, mut commits) = (self.position, Vec::new(), Vec::new());
        for changes in transactions {
            let (commit, of_commit) = self.apply(changes).await;
            commits.push(commit);
            events.push(of_commit);
        }
        let outcome = self.backend.append(expected, commits.into()).await;
        assert_eq!(outcome.unwrap(), AppendOutcome::Appended);
        events
    }

    async fn apply(&mut self, changes: &[Change]) -> (Commit, RevisionEvents) {
        self.revision = self.revision.next();
        self.position = self.position.next();
        let (mut mutations, mut events) = (Vec::new(), Vec::new());
        for (sub, change) in (0..).zip(changes) {
            let id = VersionId { revision: self.revision, sub: Sub(sub) };
            let (key, value) = match change {
                Change::Put(key, value) => (Key::from(key.as_bytes()), Some(Bytes::from(value.clone()))),
                Change::Delete(key) => (Key::from(key.as_bytes()), None),
            };
            let last = self.index.last(&key);
            let meta = match &value {
                None => VersionMeta::tombstone(id),
                Some(value) => {
                    let (created, version) =
                        last.map_or((id.revision, 1), |last| (last.create_revision, last.version + 1));
                    VersionMeta::put(id, created, version, LeaseId::NONE, value.len())
                }
            };
            let value = value.unwrap_or_default();
            let prev = match last {
                Some(last) => Some(self.previous(last).await),
                None => None,
            };
            self.index.0.lock().entry(key.clone()).or_default().push(meta);
            events.push(Arc::new(Event::new(key.clone(), meta, value.clone(), prev)));
            mutations.push(Mutation { key, meta, value });
        }
        let commit = Commit {
            position: self.position,
            revision: self.revision,
            id: CommitId(self.position.0.into()),
            mutations,
            controls: Vec::new(),
        };
        (commit, RevisionEvents { revision: self.revision, events: events.into() })
    }

    async fn previous(&self, last: VersionMeta) -> PrevKv {
        let value = if self.prev_at_hand { self.values.get(&[last.id]).await.unwrap().remove(0) } else { None };
        value.map_or_else(|| PrevKv::unfetched(last), |value| PrevKv::known(last, value))
    }

    /// Commits `count` puts of one key, one at a time.
    pub(super) async fn puts(&mut self, key: &'static str, count: usize) {
        for _ in 0..count {
            self.commit(&[put(key)]).await;
        }
    }

    /// As another store on the same log does it, which nobody tells the hub.
    pub(super) async fn compact_as_others(&mut self, through: Revision) {
        *self.index.1.lock() = Some(through);
        let dead = self.index.compact(through);
        self.backend.compact(CompactStep { through, dead }).await.unwrap();
    }

    pub(super) async fn compact(&mut self, through: Revision) {
        self.hub.compacted(through);
        let dead = self.index.compact(through);
        self.backend.compact(CompactStep { through, dead }).await.unwrap();
    }

    pub(super) fn stream(&self) -> (WatchControl, WatchEvents) {
        self.hub.stream()
    }

    /// A stream with one watch, whose `Created` is read.
    pub(super) async fn watch(&self, request: WatchRequest) -> (WatchControl, WatchEvents) {
        let (control, mut events) = self.stream();
        control.create(&request);
        assert!(matches!(events.next().await, Some(WatchMessage::Created { .. })));
        (control, events)
    }
}

pub(super) fn keys(key: &str, range_end: &str) -> KeyRange {
    KeyRange::new(key.as_bytes(), range_end.as_bytes())
}

pub(super) fn watch_of(key: &str, range_end: &str) -> WatchRequest {
    WatchRequest::new(keys(key, range_end))
}

pub(super) fn from_revision(start: i64, key: &str, range_end: &str) -> WatchRequest {
    WatchRequest { start_revision: Revision(start), ..watch_of(key, range_end) }
}

/// The next message, or `None` if the stream has nothing to say until something happens.
pub(super) async fn poll(events: &mut WatchEvents) -> Option<WatchMessage> {
    /// Enough turns for whatever the hub does by itself on a runtime with one thread and a backend in memory.
    const TURNS: usize = 64;
    let settled = async {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        message = events.next() => Some(message.expect("the hub is open")),
        () = settled => None,
    }
}

pub(super) async fn drain(events: &mut WatchEvents) -> Vec<WatchMessage> {
    let mut messages = Vec::new();
    while let Some(message) = poll(events).await {
        messages.push(message);
    }
    messages
}

/// A message in short, for comparison. Events are `id@header: key=revision key!revision`, `!` for a deletion.
pub(super) fn short(message: &WatchMessage) -> String {
    use WatchMessage::{Canceled, CreateFailed, Created, Events, Progress};
    match message {
        Created { id, revision } => format!("{id}@{revision} created"),
        CreateFailed { id, revision, reason } => format!("{id}@{revision} failed {reason:?}"),
        Canceled { id, cause } => format!("{id} canceled {cause:?}"),
        Progress { id: None, revision } => format!("all@{revision}"),
        Progress { id: Some(id), revision } => format!("{id}@{revision} progress"),
        Events { id, revision, events, .. } => {
            let event = |event: &Arc<Event>| {
                let mark = if event.is_delete() { '!' } else { '=' };
                format!(" {}{mark}{}", String::from_utf8_lossy(&event.key), event.meta.mod_revision())
            };
            format!("{id}@{revision}:{}", events.iter().map(event).collect::<String>())
        }
    }
}

pub(super) async fn drain_short(events: &mut WatchEvents) -> Vec<String> {
    drain(events).await.iter().map(short).collect()
}
