//! Whatever fails in whatever order: what was acknowledged is there, what was refused is not, and what nobody knows is there
//! whole or not at all.

use std::sync::Arc;

use conformance::backend_suite::Place;
use conformance::model::Model;
use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::*;
use storage_core::backend::{Fault, FaultBackend};
use storage_core::{Revision, Store, StoreError, StoreOptions};

use crate::driver::{Setup, ask, ask_model, same};
use crate::places::{Fresh, Memory, Postgres, SledDirectory, SqliteFile};
use crate::steps::{Write, burst_write, resolve_write};
use crate::support::clock::ManualClock;
use crate::support::gate::Gate;
use crate::support::range;
use crate::support::seed;
use crate::watches::{LiveWatch, check_watch};

/// Writes at once, and what becomes of the appends meanwhile.
type Burst = (Vec<Write>, Vec<Fault>);

fn burst() -> impl Strategy<Value = Burst> {
    let fault = prop_oneof![
        6 => Just(Fault::None),
        3 => Just(Fault::Refused),
        1 => Just(Fault::Lost),
        2 => Just(Fault::HappenedUnknown),
        1 => Just(Fault::Poison),
        1 => Just(Fault::HappenedPoison),
    ];
    (vec(burst_write(), 1..8), vec(fault, 0..3))
}

/// The ways it may have gone. All that is known so far fits each of them.
struct Forks(Vec<Model>);

impl Forks {
    /// Takes in what became of writes that were sent at once. Those of unknown outcome are of one group: all happened, or none.
    fn learn(&mut self, writes: &[Write], answers: &[Result<String, StoreError>]) -> Result<(), String> {
        let unknown = answers.iter().any(|answer| matches!(answer, Err(StoreError::Unknown(_))));
        let happened = if unknown { vec![false, true] } else { vec![false] };
        let mut forks = Vec::new();
        let mut why = String::new();
        for model in &self.0 {
            for &happened in &happened {
                let mut model = model.clone();
                match replay(&mut model, writes, answers, happened) {
                    Ok(()) => forks.push(model),
                    Err(e) => why = e,
                }
            }
        }
        if forks.is_empty() {
            return Err(why);
        }
        self.0 = forks;
        Ok(())
    }

    /// Keeps the way that the store, opened again, shows.
    async fn settle(&mut self, store: &Store) -> Result<(), String> {
        let mut why = String::new();
        for model in &self.0 {
            match compare(store, model).await {
                Ok(()) => {
                    self.0 = vec![model.clone()];
                    return Ok(());
                }
                Err(e) => why = e,
            }
        }
        Err(format!("after opening again: {why}"))
    }
}

fn replay(
    model: &mut Model,
    writes: &[Write],
    answers: &[Result<String, StoreError>],
    happened: bool,
) -> Result<(), String> {
    for (write, answer) in writes.iter().zip(answers) {
        match answer {
            Err(StoreError::Refused(_) | StoreError::Failed(_)) => {}
            Err(StoreError::Unknown(_)) if happened => drop(ask_model(model, write)),
            Err(StoreError::Unknown(_)) => {}
            answer => same(write, answer, &ask_model(model, write))?,
        }
    }
    Ok(())
}

pub(crate) async fn compare(store: &Store, model: &Model) -> Result<(), String> {
    let all = range("\0", "\0");
    same("everything", &store.range(all.clone()).await, &model.range(&all))?;
    same("hash", &store.hash_kv(Revision(0)).await, &model.hash_kv(Revision(0)))?;
    check_watch(store, model, &all.keys, Revision(1)).await?;
    let mut leases = store.leases().await.map_err(|e| e.to_string())?.1;
    leases.sort();
    let mut known = model.leases();
    known.sort();
    same("leases", &leases, &known)
}

/// The log, which nothing has closed yet, and the store over it whose appends fail by a script.
async fn open<P: Place>(place: &P, options: &StoreOptions) -> Result<(Arc<FaultBackend>, Store), String> {
    let faults = Arc::new(FaultBackend::new(Gate::alone(place.open().await)));
    let store = Store::open(Arc::clone(&faults) as _, options.clone()).await.map_err(|e| e.to_string())?;
    Ok((faults, store))
}

async fn run<P: Place>(place: P, bursts: Vec<Burst>) -> Result<(), String> {
    let clock = Arc::new(ManualClock::default());
    let options = Setup::default().options(&clock);
    let mut forks = Forks(vec![Model::new(options.max_txn_ops)]);
    let mut bursts = bursts.into_iter().peekable();
    while bursts.peek().is_some() {
        let (faults, store) = open(&place, &options).await?;
        forks.settle(&store).await?;
        let mut live = LiveWatch::open(&store).await;
        let mut failed = false;
        while !failed && let Some((mut writes, script)) = bursts.next() {
            let current = forks.0[0].revision();
            writes.iter_mut().for_each(|write| resolve_write(write, current));
            faults.script(script);
            let answers = join_all(writes.iter().map(|write| ask(&store, write.clone()))).await;
            forks.learn(&writes, &answers).map_err(|e| format!("{e}\n of {writes:?}\n answers {answers:?}"))?;
            failed = store.status().failure.is_some() && store.revision() < forks.0[0].revision()
                || answers.iter().any(|a| matches!(a, Err(StoreError::Failed(_) | StoreError::Unknown(_))));
            // What is shown is what was acknowledged: the way on which nothing unknown happened.
            live.follow(&forks.0[0]).await?;
            compare(&store, &forks.0[0]).await?;
        }
        drop(live);
        store.close().await.map_err(|e| e.to_string())?;
    }
    let (_faults, store) = open(&place, &options).await?;
    forks.settle(&store).await?;
    store.close().await.map_err(|e| e.to_string())
}

/// The whole test, on a place of a kind.
fn on<P: Fresh>(test: &str, cases: u32) {
    let test = format!("fault_property::{test}");
    seed::check(&test, cases, P::TIME, &vec(burst(), 1..12), async |bursts| run(P::default(), bursts).await);
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_refused_is_there() {
    on::<Memory>("nothing_acknowledged_is_lost_and_nothing_refused_is_there", 1000);
}

#[test]
fn nothing_acknowledged_in_a_sqlite_file_is_lost_and_nothing_refused_is_there() {
    on::<SqliteFile>("nothing_acknowledged_in_a_sqlite_file_is_lost_and_nothing_refused_is_there", 30);
}

#[test]
fn nothing_acknowledged_in_postgresql_is_lost_and_nothing_refused_is_there() {
    on::<Postgres>("nothing_acknowledged_in_postgresql_is_lost_and_nothing_refused_is_there", 20);
}

#[test]
fn nothing_acknowledged_in_a_sled_directory_is_lost_and_nothing_refused_is_there() {
    on::<SledDirectory>("nothing_acknowledged_in_a_sled_directory_is_lost_and_nothing_refused_is_there", 25);
}
