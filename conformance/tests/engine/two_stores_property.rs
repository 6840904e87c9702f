//! Two stores on one log take turns at random, and each answers as the model does once it has learnt of the other's commits.

use std::sync::Arc;

use conformance::model::Model;
use proptest::collection::vec;
use proptest::prelude::*;
use storage_core::{MemoryBackend, Revision, Store};

use crate::driver::{Setup, ask, ask_model, same};
use crate::fault_property::compare;
use crate::steps::{Write, resolve_write, write};
use crate::support::clock::ManualClock;
use crate::support::put;
use crate::support::seed::{self, Time};
use crate::watches::LiveWatch;

/// What a turn is for.
#[derive(Clone, Debug)]
enum Turn {
    Write(Write),
    /// So many revisions are kept.
    Compact(i64),
}

fn turn() -> impl Strategy<Value = (bool, Turn)> {
    let turn = prop_oneof![10 => write().prop_map(Turn::Write), 1 => (0..6i64).prop_map(Turn::Compact)];
    (any::<bool>(), turn)
}

struct Pair {
    stores: [(Store, LiveWatch); 2],
    model: Model,
}

impl Pair {
    async fn open() -> Self {
        let options = Setup::default().options(&Arc::new(ManualClock::default()));
        let memory = Arc::new(MemoryBackend::new());
        let mut stores = Vec::new();
        for _ in 0..2 {
            let store = Store::open(Arc::clone(&memory) as _, options.clone()).await.expect("it opens");
            let live = LiveWatch::open(&store).await;
            stores.push((store, live));
        }
        let stores = stores.try_into().unwrap_or_else(|_| unreachable!("there are two"));
        Self { stores, model: Model::new(options.max_txn_ops) }
    }

    /// A write conflicts with what the other store wrote, and so makes it known.
    async fn learn(&mut self, one: usize) -> Result<(), String> {
        let write = Write::Put(put("zz", "x"));
        let (store, live) = &mut self.stores[one];
        same(&write, &ask(store, write.clone()).await, &ask_model(&mut self.model, &write))?;
        live.follow(&self.model).await?;
        compare(store, &self.model).await
    }

    async fn take(&mut self, one: usize, turn: Turn) -> Result<(), String> {
        self.learn(one).await?;
        match turn {
            Turn::Write(mut write) => {
                resolve_write(&mut write, self.model.revision());
                let answer = ask(&self.stores[one].0, write.clone()).await;
                same(&write, &answer, &ask_model(&mut self.model, &write))
            }
            Turn::Compact(kept) => {
                // What one compacts the other must have seen.
                self.learn(1 - one).await?;
                self.learn(one).await?;
                let revision = Revision(self.model.revision().0 - 1 - kept);
                let answer = self.stores[one].0.compact(revision, true).await;
                same("compact", &answer, &self.model.compact(revision))
            }
        }
    }
}

async fn run(turns: Vec<(bool, Turn)>) -> Result<(), String> {
    let mut pair = Pair::open().await;
    for (one, turn) in turns {
        let what = format!("{turn:?}");
        pair.take(usize::from(one), turn).await.map_err(|e| format!("{what} on {}: {e}", u8::from(one)))?;
    }
    pair.learn(0).await?;
    pair.learn(1).await
}

#[test]
fn two_stores_that_take_turns_answer_as_the_model_does() {
    let test = "two_stores_property::two_stores_that_take_turns_answer_as_the_model_does";
    seed::check(test, 200, Time::Paused, &vec(turn(), 1..30), run);
}
