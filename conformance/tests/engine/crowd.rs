//! Several stores on one log, and the model of what they are together.

use std::sync::Arc;
use std::time::Duration;

use conformance::model::Model;
use futures_util::future::join_all;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::{Store, StoreOptions};

use crate::driver::{Setup, ask_both, rest, same};
use crate::fault_property::compare;
use crate::places::Shared;
use crate::race::{Ask, outcomes};
use crate::steps::{Step, resolve};
use crate::support::clock::ManualClock;
use crate::support::gate::Gate;
use crate::support::range;
use crate::watches::LiveWatch;

/// What disturbs a race.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// It becomes of the next append of a store.
    Fault(usize, Fault),
    /// All connections of all stores end.
    Broken,
}

pub(crate) struct Crowd<P> {
    place: P,
    deaf: bool,
    clock: Arc<ManualClock>,
    options: StoreOptions,
    members: Vec<Member>,
    pub(crate) model: Model,
}

/// One store.
struct Member {
    gate: Arc<Gate>,
    faults: Arc<FaultBackend>,
    store: Store,
    live: LiveWatch,
}

impl<P: Shared> Crowd<P> {
    /// Stores that are `deaf` hear of each other only when they ask.
    pub(crate) async fn open(place: P, size: usize, deaf: bool) -> Self {
        let clock = Arc::new(ManualClock::default());
        // A store that is opened gives leases no grace then, which the others would know nothing of.
        let options = StoreOptions { lease_checkpoint_interval: Duration::ZERO, ..Setup::default().options(&clock) };
        let model = Model::new(options.max_txn_ops);
        let mut crowd = Self { place, deaf, clock, options, members: Vec::new(), model };
        for _ in 0..size {
            let member = crowd.join().await;
            crowd.members.push(member);
        }
        crowd
    }

    /// Opens one more store.
    async fn join(&self) -> Member {
        let gate = Gate::by_clock(self.place.open().await, &self.clock, self.deaf);
        let faults = Arc::new(FaultBackend::new(Arc::clone(&gate) as _));
        let store = Store::open(Arc::clone(&faults) as _, self.options.clone()).await.expect("the store opens");
        let live = LiveWatch::open(&store).await;
        Member { gate, faults, store, live }
    }

    /// A step on one of the stores, or the time.
    pub(crate) async fn step(&mut self, at: usize, mut step: Step) -> Result<(), String> {
        resolve(&mut step, self.model.revision());
        match step {
            Step::Tick(seconds) => self.tick(Duration::from_secs(seconds)).await?,
            Step::Reopen { clean } => self.reopen(at, clean).await?,
            // These alone are about what the store itself has seen.
            step @ (Step::Watch(..) | Step::Hash(_)) => {
                let store = &self.members[at].store;
                store.range(range("a", "")).await.map_err(|e| e.to_string())?;
                ask_both(store, &mut self.model, step).await?;
            }
            step => ask_both(&self.members[at].store, &mut self.model, step).await?,
        }
        self.check().await
    }

    /// Requests one after the other, each to a store that nothing has brought up to date before.
    pub(crate) async fn chain(&mut self, asks: Vec<(usize, Ask)>) -> Result<(), String> {
        for (at, mut ask) in asks {
            ask.resolve(self.model.revision());
            let answer = ask.of(&self.members[at].store).await;
            same(&ask, &answer, &ask.of_model(&mut self.model)).map_err(|e| format!("store {at}: {e}"))?;
        }
        self.check().await
    }

    /// Requests to several stores at once.
    pub(crate) async fn race(&mut self, asks: Vec<(usize, Ask)>, trouble: Option<Trouble>) -> Result<(), String> {
        let current = self.model.revision();
        let asks: Vec<_> = asks
            .into_iter()
            .map(|(at, mut ask)| {
                (at, {
                    ask.resolve(current);
                    ask
                })
            })
            .collect();
        if let Some(Trouble::Fault(at, fault)) = trouble {
            self.members[at].faults.script([fault]);
        }
        let answers = join_all(asks.iter().map(|(at, ask)| ask.of(&self.members[*at].store)));
        let (answers, ()) = tokio::join!(answers, async {
            if let Some(Trouble::Broken) = trouble {
                self.place.break_connections().await;
            }
        });
        let asked: Vec<_> = asks.into_iter().map(|(_, ask)| ask).zip(answers).collect();
        if let Some(Trouble::Fault(at, fault)) = trouble
            && (matches!(fault, Fault::Poison | Fault::HappenedPoison) || self.members[at].faults.pending() > 0)
        {
            self.crash(at).await?;
        }
        self.settle(outcomes(&self.model, &asked)).await.map_err(|e| format!("{e}\n  of {asked:?}"))?;
        self.check().await
    }

    /// Keeps what the stores show, of all that may have become of a race.
    async fn settle(&mut self, outcomes: Vec<Model>) -> Result<(), String> {
        let mut why = "no order explains the answers".to_owned();
        for model in outcomes {
            match compare(&self.members[0].store, &model).await {
                Ok(()) => {
                    self.model = model;
                    return Ok(());
                }
                Err(e) => why = e,
            }
        }
        Err(why)
    }

    /// All stores say the same, and their watches have seen everything.
    async fn check(&mut self) -> Result<(), String> {
        for (at, member) in self.members.iter_mut().enumerate() {
            compare(&member.store, &self.model).await.map_err(|e| format!("store {at}: {e}"))?;
            let goes_on = member.live.follow_or_end(&self.model).await.map_err(|e| format!("store {at}: {e}"))?;
            // Another store was quicker to compact than this one to read what the watch wants.
            if !goes_on {
                member.live = LiveWatch::open(&member.store).await;
            }
        }
        Ok(())
    }

    /// Whatever is due expires, once.
    async fn tick(&mut self, by: Duration) -> Result<(), String> {
        self.clock.advance(by);
        self.model.tick(by);
        for member in &self.members {
            loop {
                let (_, leases) = member.store.leases().await.map_err(|e| e.to_string())?;
                if leases.len() <= self.model.leases().len() {
                    same("leases after a tick", &leases, &self.model.leases())?;
                    break;
                }
                rest().await;
            }
        }
        Ok(())
    }

    async fn reopen(&mut self, at: usize, clean: bool) -> Result<(), String> {
        if !clean {
            return self.crash(at).await;
        }
        self.members[at].store.close().await.map_err(|e| format!("close: {e}"))?;
        self.members[at] = self.join().await;
        Ok(())
    }

    /// As if the process had been killed.
    async fn crash(&mut self, at: usize) -> Result<(), String> {
        self.members[at].gate.cut();
        let joined = self.join().await;
        let Member { gate, faults, store, live } = std::mem::replace(&mut self.members[at], joined);
        drop((faults, store, live));
        // The store's tasks end by themselves once nobody can ask them anything.
        while Arc::strong_count(&gate) > 1 {
            tokio::task::yield_now().await;
        }
        gate.inner().close().await.map_err(|e| format!("close: {e}"))
    }

    pub(crate) async fn close(self) -> Result<(), String> {
        for member in self.members {
            drop(member.live);
            member.store.close().await.map_err(|e| format!("close: {e}"))?;
        }
        Ok(())
    }
}
