//! Two stores on one log take turns at random, and both answer as the model does after each.

use std::sync::Arc;

use conformance::model::Model;
use proptest::collection::vec;
use proptest::prelude::*;
use storage_core::{MemoryBackend, Revision, Store};

use crate::driver::{Setup, ask, ask_model, same};
use crate::fault_property::compare;
use crate::steps::{Write, resolve_write, write};
use crate::support::clock::ManualClock;
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
        let memory = Arc::new(MemoryBackend::shared());
        let mut stores = Vec::new();
        for _ in 0..2 {
            let store = Store::open(Arc::clone(&memory) as _, options.clone()).await.expect("it opens");
            let live = LiveWatch::open(&store).await;
            stores.push((store, live));
        }
        let stores = stores.try_into().unwrap_or_else(|_| unreachable!("there are two"));
        Self { stores, model: Model::new(options.max_txn_ops) }
    }

    /// Both answer as the model does, and both watchers have seen everything.
    async fn check(&mut self) -> Result<(), String> {
        for (store, live) in &mut self.stores {
            compare(store, &self.model).await?;
            live.follow(&self.model).await?;
        }
        Ok(())
    }

    async fn take(&mut self, one: usize, turn: Turn) -> Result<(), String> {
        match turn {
            Turn::Write(mut write) => {
                resolve_write(&mut write, self.model.revision());
                let answer = ask(&self.stores[one].0, write.clone()).await;
                same(&write, &answer, &ask_model(&mut self.model, &write))
            }
            Turn::Compact(kept) => {
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
        let failed = |e| format!("{what} on {}: {e}", u8::from(one));
        pair.take(usize::from(one), turn).await.map_err(failed)?;
        pair.check().await.map_err(failed)?;
    }
    Ok(())
}

#[test]
fn two_stores_that_take_turns_answer_as_the_model_does() {
    let test = "two_stores_property::two_stores_that_take_turns_answer_as_the_model_does";
    seed::check(test, 200, Time::Paused, &vec(turn(), 1..30), run);
}
