//! Random stories of a store with watches, against the model.

use proptest::prelude::*;

use super::super::{WatchControl, WatchEvents, WatchMessage, WatchRequest};
use super::model::{History, ModelStream};
use super::world::{BIG_RING, Change, World, drain, keys};
use crate::types::Revision;

const KEYS: [&str; 5] = ["a", "aa", "b", "c", "ca"];
const RANGES: [(&str, &str); 9] =
    [("a", ""), ("c", ""), ("a", "b"), ("a", "c"), ("aa", "cb"), ("b", "\0"), ("", "\0"), ("ca", "cb"), ("x", "y")];
const STREAMS: usize = 3;

#[derive(Clone, Debug)]
enum Start {
    Now,
    Ago(i64),
    Ahead(i64),
    AboveCompacted(i64),
}

#[derive(Clone, Debug)]
enum Act {
    /// Transactions of (key, value length or deletion), published together.
    Commit(Vec<Vec<(usize, Option<usize>)>>),
    /// More revisions than a watcher's list holds.
    Burst(usize),
    Compact(i64),
    Create {
        stream: usize,
        range: usize,
        start: Start,
        flags: (bool, bool, bool),
    },
    Cancel(usize, usize),
    /// Cancels a watch and creates it again from where it was.
    Resume(usize, usize),
    Reopen(usize),
    Read(usize, usize),
    /// Asks for a message without waiting for it.
    Glance(usize),
    LetRun(usize),
    RequestProgress(usize),
    Tick(usize),
    PrevAtHand(bool),
}

fn any_act() -> impl Strategy<Value = Act> {
    let stream = || 0..STREAMS;
    let change = (0..KEYS.len(), proptest::option::weighted(0.7, 0..100usize));
    let transactions = proptest::collection::vec(proptest::collection::vec(change, 1..4), 1..6);
    let start = prop_oneof![
        Just(Start::Now),
        (0i64..12).prop_map(Start::Ago),
        (1i64..6).prop_map(Start::Ahead),
        (-1i64..3).prop_map(Start::AboveCompacted),
    ];
    let flags = (prop::bool::weighted(0.6), prop::bool::weighted(0.15), prop::bool::weighted(0.15));
    prop_oneof![
        10 => transactions.prop_map(Act::Commit),
        1 => (0..KEYS.len()).prop_map(Act::Burst),
        2 => (0i64..10).prop_map(Act::Compact),
        5 => (stream(), 0..RANGES.len(), start, flags)
            .prop_map(|(stream, range, start, flags)| Act::Create { stream, range, start, flags }),
        1 => (stream(), any::<usize>()).prop_map(|(s, n)| Act::Cancel(s, n)),
        1 => (stream(), any::<usize>()).prop_map(|(s, n)| Act::Resume(s, n)),
        1 => stream().prop_map(Act::Reopen),
        6 => (stream(), 1..6usize).prop_map(|(s, n)| Act::Read(s, n)),
        4 => stream().prop_map(Act::Glance),
        2 => (1..6usize).prop_map(Act::LetRun),
        2 => stream().prop_map(Act::RequestProgress),
        2 => stream().prop_map(Act::Tick),
        1 => any::<bool>().prop_map(Act::PrevAtHand),
    ]
}

struct Story {
    world: World,
    history: History,
    streams: Vec<(WatchControl, WatchEvents, ModelStream)>,
}

impl Story {
    fn new(ring_bytes: usize) -> Self {
        let world = World::new(ring_bytes);
        let streams = (0..STREAMS).map(|_| open(&world)).collect();
        Self { world, history: History::default(), streams }
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Commit(transactions) => {
                let mut group = Vec::new();
                for (n, transaction) in (1..).zip(transactions) {
                    let changes = self.changes(transaction);
                    self.history.commit(Revision(self.world.revision.0 + n), &changes);
                    group.push(changes);
                }
                self.world.group(&group).await;
            }
            Act::Burst(key) => {
                for _ in 0..300 {
                    let changes = [Change::Put(KEYS[key], vec![1])];
                    self.history.commit(self.world.revision.next(), &changes);
                    self.world.commit(&changes).await;
                }
            }
            Act::Compact(ago) => self.compact(Revision(self.world.revision.0 - ago)).await,
            Act::Create { stream, range, start, flags } => self.create(stream, range, &start, flags),
            Act::Cancel(stream, n) => {
                self.cancel(stream, n);
            }
            Act::Resume(stream, n) => {
                if let Some(request) = self.cancel(stream, n) {
                    let (control, _, model) = &mut self.streams[stream];
                    control.create(&request);
                    model.create(request, self.world.revision);
                }
            }
            Act::Reopen(stream) => self.streams[stream] = open(&self.world),
            Act::Read(stream, messages) => self.read(stream, messages).await,
            Act::Glance(stream) => self.glance(stream).await,
            Act::LetRun(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
            Act::RequestProgress(stream) => self.streams[stream].0.request_progress(),
            Act::Tick(stream) => self.streams[stream].0.progress_tick(),
            Act::PrevAtHand(at_hand) => self.world.prev_at_hand = at_hand,
        }
    }

    /// One change a key, and deletions only of what exists.
    fn changes(&self, transaction: Vec<(usize, Option<usize>)>) -> Vec<Change> {
        let mut changes = std::collections::BTreeMap::new();
        for (key, value) in transaction {
            let key = KEYS[key];
            let value = value.or_else(|| (!self.history.exists(key)).then_some(3));
            changes.insert(key, value.map_or(Change::Delete(key), |len| Change::Put(key, vec![len as u8; len])));
        }
        changes.into_values().collect()
    }

    async fn compact(&mut self, through: Revision) {
        if through > self.history.compact_revision && through.0 > 0 {
            self.history.compact_revision = through;
            self.world.compact(through).await;
        }
    }

    fn create(&mut self, stream: usize, range: usize, start: &Start, flags: (bool, bool, bool)) {
        let revision = self.world.revision.0;
        let start_revision = match start {
            Start::Now => 0,
            Start::Ago(ago) => (revision - ago).max(1),
            Start::Ahead(ahead) => revision + ahead,
            Start::AboveCompacted(above) => (self.history.compact_revision.0 + above).max(1),
        };
        let request = WatchRequest {
            keys: keys(RANGES[range].0, RANGES[range].1),
            start_revision: Revision(start_revision),
            id: None,
            prev_kv: flags.0,
            progress_notify: flags.0,
            no_put: flags.1,
            no_delete: flags.2,
        };
        let (control, _, model) = &mut self.streams[stream];
        control.create(&request);
        model.create(request, self.world.revision);
    }

    /// Cancels a watch; returns one that would go on where it was.
    fn cancel(&mut self, stream: usize, n: usize) -> Option<WatchRequest> {
        let (control, _, model) = &mut self.streams[stream];
        let id = model.nth(n)?;
        let watch = &model.watches[&id];
        let resumed = WatchRequest { start_revision: watch.next, ..watch.request.clone() };
        // The hub may have ended it already, with the news still on the way; then there is no second answer.
        let before = self.world.hub.stats().watchers;
        control.cancel(id);
        if self.world.hub.stats().watchers == before {
            return None;
        }
        model.cancel(id);
        Some(resumed)
    }

    fn check(&mut self, stream: usize, message: &WatchMessage) {
        self.streams[stream].2.check(&self.history, self.world.revision, message);
    }

    async fn read(&mut self, stream: usize, messages: usize) {
        for _ in 0..messages {
            let Some(message) = super::world::poll(&mut self.streams[stream].1).await else { return };
            self.check(stream, &message);
        }
    }

    async fn glance(&mut self, stream: usize) {
        let message = tokio::select! {
            biased;
            message = self.streams[stream].1.next() => message,
            () = std::future::ready(()) => None,
        };
        if let Some(message) = message {
            self.check(stream, &message);
        }
    }

    async fn finish(mut self) {
        for stream in 0..STREAMS {
            for message in drain(&mut self.streams[stream].1).await {
                self.check(stream, &message);
            }
            self.streams[stream].2.check_complete(&self.history, self.world.revision);
            self.streams[stream].0.request_progress();
            let said = drain(&mut self.streams[stream].1).await;
            let sayable = self.streams[stream].2.progress_sayable(self.world.revision);
            assert_eq!(said.len(), usize::from(sayable), "{said:?}");
        }
        let stats = self.world.hub.stats();
        assert_eq!((stats.behind_watchers, stats.pending), (0, 0));
        self.streams.clear();
        let stats = self.world.hub.stats();
        assert_eq!((stats.watchers, stats.streams, stats.pending, self.world.hub.wants_prev_kv()), (0, 0, 0, false));
    }
}

fn open(world: &World) -> (WatchControl, WatchEvents, ModelStream) {
    let (control, events) = world.stream();
    (control, events, ModelStream::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn every_watch_sees_exactly_its_events_whatever_happens(
        ring_bytes in prop_oneof![Just(0), Just(800), Just(4000), Just(BIG_RING)],
        acts in proptest::collection::vec(any_act(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut story = Story::new(ring_bytes);
            for act in acts {
                story.act(act).await;
            }
            story.finish().await;
        });
    }
}
