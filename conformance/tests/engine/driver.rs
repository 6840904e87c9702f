//! A store and the model, asked the same and compared after every step.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use conformance::backend_suite::Place;
use conformance::model::Model;
use futures_util::future::join_all;
use storage_core::{
    Environment, KeyValue, LeaseId, RangeRequest, RangeResponse, Revision, Store, StoreError, StoreOptions,
};

use crate::steps::{MAX_TXN_OPS, Step, Write, resolve};
use crate::support::clock::ManualClock;
use crate::support::describe::Describe;
use crate::support::gate::Gate;
use crate::support::{all_keys, range};
use crate::watches::{LiveWatch, check_watch};

/// How the store of a case runs.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) ring_bytes: usize,
    pub(crate) cache_bytes: u64,
    pub(crate) compaction_batch: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self { ring_bytes: 1 << 20, cache_bytes: 1 << 20, compaction_batch: 3 }
    }
}

impl Setup {
    pub(crate) fn options(&self, clock: &Arc<ManualClock>) -> StoreOptions {
        StoreOptions {
            ring_bytes: self.ring_bytes,
            cache_bytes: self.cache_bytes,
            compaction_batch: self.compaction_batch,
            compaction_pause: Duration::ZERO,
            max_txn_ops: MAX_TXN_OPS,
            environment: Arc::clone(clock) as Arc<_>,
            ..StoreOptions::default()
        }
    }
}

pub(crate) struct Driver<P> {
    place: P,
    options: StoreOptions,
    clock: Arc<ManualClock>,
    pub(crate) model: Model,
    open: Option<Open>,
}

/// A pause between two looks: expiry rests for a while after a refused write, and paused time stands still while anyone works.
pub(crate) async fn rest() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// What is there while the store is open.
struct Open {
    gate: Arc<Gate>,
    store: Store,
    live: LiveWatch,
}

/// An error that names what differed.
pub(crate) fn same(what: impl Debug, got: &impl Describe, want: &impl Describe) -> Result<(), String> {
    let (got, want) = (got.describe(), want.describe());
    if got == want { Ok(()) } else { Err(format!("{what:?}\n  store: {got}\n  model: {want}")) }
}

/// What the store answers to a write, described.
pub(crate) async fn ask(store: &Store, write: Write) -> Result<String, StoreError> {
    match write {
        Write::Put(request) => store.put(request).await.map(|r| r.describe()),
        Write::Delete(request) => store.delete_range(request).await.map(|r| r.describe()),
        Write::Txn(request) => store.txn(request).await.map(|r| r.describe()),
        Write::Grant(id, ttl) => store.lease_grant(id, ttl).await.map(|r| r.describe()),
        Write::Revoke(id) => store.lease_revoke(id).await.map(|r| r.describe()),
    }
}

/// What the model answers to a write, described.
pub(crate) fn ask_model(model: &mut Model, write: &Write) -> Result<String, StoreError> {
    match write {
        Write::Put(request) => model.put(request).map(|r| r.describe()),
        Write::Delete(request) => model.delete_range(request).map(|r| r.describe()),
        Write::Txn(request) => model.txn(request).map(|r| r.describe()),
        Write::Grant(id, ttl) => model.lease_grant(*id, *ttl).map(|r| r.describe()),
        Write::Revoke(id) => model.lease_revoke(*id).map(|r| r.describe()),
    }
}

/// A step that only asks, on both.
pub(crate) async fn ask_both(store: &Store, model: &mut Model, step: Step) -> Result<(), String> {
    let what = format!("{step:?}");
    match step {
        Step::Write(write) => same(what, &ask(store, write.clone()).await, &ask_model(model, &write)),
        Step::Burst(writes) => {
            let answers = join_all(writes.iter().map(|write| ask(store, write.clone()))).await;
            writes
                .iter()
                .zip(answers)
                .try_for_each(|(write, answer)| same(format!("{write:?} of {what}"), &answer, &ask_model(model, write)))
        }
        Step::Range(request) => same(what, &store.range(request.clone()).await, &model.range(&request)),
        Step::Stream(request, bytes) => check_stream(store, model, request, bytes).await,
        Step::Compact(revision, physical) => {
            same(what, &store.compact(revision, physical).await, &model.compact(revision))
        }
        Step::Defragment => store.defragment().await.map_err(|e| format!("{what}: {e}")),
        Step::KeepAlive(id) => same(what, &store.lease_keep_alive(id).await, &Ok(model.lease_keep_alive(id))),
        Step::TimeToLive(id, keys) => {
            same(what, &store.lease_time_to_live(id, keys).await, &Ok(model.lease_time_to_live(id, keys)))
        }
        Step::Leases => same(what, &store.leases().await.map(|(_, ids)| ids), &Ok(model.leases())),
        Step::Hash(revision) => same(what, &store.hash_kv(revision).await, &model.hash_kv(revision)),
        Step::Watch(keys, start) => check_watch(store, model, &keys, start).await.map_err(|e| format!("{what}: {e}")),
        Step::Tick(_) | Step::Reopen { .. } => unreachable!("who drives the store takes these"),
    }
}

impl Describe for String {
    fn describe(&self) -> String {
        self.clone()
    }
}

impl<P: Place> Driver<P> {
    pub(crate) async fn new(place: P, setup: &Setup) -> Self {
        let clock = Arc::new(ManualClock::default());
        let options = setup.options(&clock);
        let model = Model::new(options.max_txn_ops);
        let mut driver = Self { place, options, clock, model, open: None };
        driver.reopen().await;
        driver
    }

    fn is_open(&mut self) -> &mut Open {
        self.open.as_mut().expect("it is only ever closed within a step")
    }

    async fn reopen(&mut self) {
        let gate = Gate::alone(self.place.open().await);
        let store = Store::open(Arc::clone(&gate) as _, self.options.clone()).await.expect("the store opens");
        let live = LiveWatch::open(&store).await;
        self.open = Some(Open { gate, store, live });
    }

    /// One step on both.
    pub(crate) async fn step(&mut self, mut step: Step) -> Result<(), String> {
        resolve(&mut step, self.model.revision());
        match step {
            Step::Tick(seconds) => self.tick(Duration::from_secs(seconds)).await?,
            Step::Reopen { clean } => return self.close_and_open(clean).await,
            step => {
                let store = self.is_open().store.clone();
                ask_both(&store, &mut self.model, step).await?;
            }
        }
        self.follow().await
    }

    /// Everything the model says must have been seen by the watch that has been there all the time.
    async fn follow(&mut self) -> Result<(), String> {
        let Some(Open { live, store, .. }) = &mut self.open else { unreachable!("it is open") };
        live.follow(&self.model).await?;
        same("revision", &store.revision(), &self.model.revision())
    }

    /// The clock moves, and whatever is due expires. The writer looks at the clock whenever it is asked something.
    async fn tick(&mut self, by: Duration) -> Result<(), String> {
        self.clock.advance(by);
        self.model.tick(by);
        let store = self.is_open().store.clone();
        loop {
            let (_, leases) = store.leases().await.map_err(|e| e.to_string())?;
            if leases.len() <= self.model.leases().len() {
                return same("leases after a tick", &leases, &self.model.leases());
            }
            rest().await;
        }
    }

    async fn close_and_open(&mut self, clean: bool) -> Result<(), String> {
        self.close(clean).await?;
        self.open_again().await
    }

    /// Where its log is kept.
    pub(crate) fn place(&self) -> &P {
        &self.place
    }

    pub(crate) fn environment(&self) -> Arc<dyn Environment> {
        Arc::clone(&self.options.environment)
    }

    /// Goes on in another place, which holds all that this one, closed, holds.
    pub(crate) fn moved<Q: Place>(self, place: Q) -> Driver<Q> {
        let Self { options, clock, model, .. } = self;
        Driver { place, options, clock, model, open: None }
    }

    /// Closes the store, or cuts it off. Until it is opened again no step can be taken.
    pub(crate) async fn close(&mut self, clean: bool) -> Result<(), String> {
        let Open { gate, store, live } = self.open.take().expect("it is open");
        drop(live);
        if clean {
            store.close().await.map_err(|e| format!("close: {e}"))?;
            drop(store);
        } else {
            gate.cut();
            drop(store);
            // The store's tasks end by themselves once nobody can ask them anything.
            while Arc::strong_count(&gate) > 1 {
                tokio::task::yield_now().await;
            }
            gate.inner().close().await.map_err(|e| format!("close: {e}"))?;
        }
        Ok(())
    }

    /// Opens the store after [`Self::close`]. It must be what it was.
    pub(crate) async fn open_again(&mut self) -> Result<(), String> {
        self.reopen().await;
        self.take_over_leases().await?;
        self.check_all().await
    }

    async fn take_over_leases(&mut self) -> Result<(), String> {
        let store = self.is_open().store.clone();
        let (_, mut leases) = store.leases().await.map_err(|e| e.to_string())?;
        let mut known = self.model.leases();
        leases.sort();
        known.sort();
        same("leases after opening", &leases, &known)?;
        for id in leases {
            let left = store.lease_time_to_live(id, false).await.map_err(|e| e.to_string())?.ttl;
            let left = Duration::from_secs(u64::try_from(left).expect("the lease is there"));
            self.model.lease_reopened(id, left, self.options.lease_checkpoint_interval)?;
        }
        Ok(())
    }

    /// Everything that can be read, at every revision at which it can.
    pub(crate) async fn check_all(&mut self) -> Result<(), String> {
        let (store, model) = (self.is_open().store.clone(), &self.model);
        let first = model.compacted().0.max(1);
        for revision in (first - 1..=model.revision().0 + 1).map(Revision) {
            let everything = RangeRequest { revision, ..range("\0", "\0") };
            same(
                format!("everything at {revision}"),
                &store.range(everything.clone()).await,
                &model.range(&everything),
            )?;
            let counted = RangeRequest { revision, count_only: true, ..range("a", "b") };
            same(format!("count at {revision}"), &store.range(counted.clone()).await, &model.range(&counted))?;
            same(format!("hash at {revision}"), &store.hash_kv(revision).await, &model.hash_kv(revision))?;
        }
        for start in (first..=model.revision().0).map(Revision) {
            check_watch(&store, model, &all_keys(), start).await.map_err(|e| format!("watch from {start}: {e}"))?;
        }
        for id in model.leases().into_iter().chain([LeaseId(99)]) {
            let (got, want) = (store.lease_time_to_live(id, true).await, model.lease_time_to_live(id, true));
            same("lease", &got, &Ok(want))?;
        }
        let status = store.status();
        same("compacted", &status.compact_revision, &model.compacted())?;
        if let Some(failure) = status.failure {
            return Err(format!("the store says that it has failed: {failure}"));
        }
        Ok(())
    }
}

/// The parts of a stream are what one range is.
async fn check_stream(store: &Store, model: &Model, request: RangeRequest, bytes: usize) -> Result<(), String> {
    let sorted = request.sort.is_some_and(|s| s.order == Some(storage_core::SortOrder::Descend))
        || request.sort.is_some_and(|s| s.target != storage_core::SortTarget::Key);
    let request =
        RangeRequest { sort: if sorted { None } else { request.sort }, filter: Default::default(), ..request };
    let got = streamed(store, request.clone(), bytes).await;
    let wanted = model.range(&request).map(parts);
    same(format!("stream of {}", request.describe()), &got, &wanted)
}

fn parts(response: RangeResponse) -> String {
    let RangeResponse { revision, kvs, more, count, .. } = response;
    let kvs: Vec<_> = kvs.iter().map(KeyValue::describe).collect();
    format!("@{revision} more {more} count {count} {kvs:?}")
}

async fn streamed(store: &Store, request: RangeRequest, bytes: usize) -> Result<String, StoreError> {
    let mut stream = store.range_stream(request, bytes)?;
    let mut kvs = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        kvs.extend(chunk.kvs);
        if let Some(end) = chunk.end {
            assert!(stream.next().await.is_none(), "nothing follows the end");
            let kvs: Vec<_> = kvs.iter().map(KeyValue::describe).collect();
            return Ok(format!("@{} more {} count {} {kvs:?}", end.revision, end.more, end.count));
        }
    }
    panic!("a stream without an end");
}
