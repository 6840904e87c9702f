//! Several stores on one log take turns at random and race each other, are opened again, and lose appends and connections. Together
//! they answer as the model does.

use proptest::collection::vec;
use proptest::prelude::*;
use storage_core::backend::Fault;

use crate::crowd::{Crowd, Trouble};
use crate::places::{Postgres, Shared, SharedMemory};
use crate::race::{Ask, any_ask};
use crate::steps::{Step, Write, step};
use crate::support::put;
use crate::support::seed;

const STORES: usize = 3;

/// What happens next, to which of the stores.
#[derive(Clone, Debug)]
enum Turn {
    Step(usize, Step),
    Chain(Vec<(usize, Ask)>),
    Race(Vec<(usize, Ask)>, Option<Trouble>),
}

fn store() -> std::ops::Range<usize> {
    0..STORES
}

/// Boxed, since the parts are large, and a test's stack is not.
fn turn(broken: u32) -> BoxedStrategy<Turn> {
    let (ask, step) = (any_ask().boxed(), step().boxed());
    let race = || vec((store(), ask.clone()), 2..5);
    prop_oneof![
        8 => (store(), step).prop_map(|(at, step)| Turn::Step(at, step)),
        4 => race().prop_map(Turn::Chain),
        4 => race().prop_map(|asks| Turn::Race(asks, None)),
        2 => (vec((store(), ask.clone()), 0..4), store(), fault()).prop_map(|(mut asks, at, fault)| {
            // Something is appended in any case.
            asks.push((at, Ask::Write(Write::Put(put("c", "fault")))));
            Turn::Race(asks, Some(Trouble::Fault(at, fault)))
        }),
        broken => race().prop_map(|asks| Turn::Race(asks, Some(Trouble::Broken))),
    ]
    .boxed()
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => Just(Fault::Refused),
        2 => Just(Fault::Lost),
        3 => Just(Fault::HappenedUnknown),
        1 => Just(Fault::Poison),
        1 => Just(Fault::HappenedPoison),
    ]
}

async fn run<P: Shared>((deaf, turns): (bool, Vec<Turn>)) -> Result<(), String> {
    let mut crowd = Crowd::open(P::default(), STORES, deaf).await;
    for (number, turn) in turns.into_iter().enumerate() {
        let what = format!("{turn:?}");
        let taken = match turn {
            Turn::Step(at, step) => crowd.step(at, step).await,
            Turn::Chain(asks) => crowd.chain(asks).await,
            Turn::Race(asks, trouble) => crowd.race(asks, trouble).await,
        };
        taken.map_err(|e| format!("turn {number}, {what}: {e}"))?;
    }
    crowd.close().await
}

/// The whole test, on a place of a kind.
fn on<P: Shared>(test: &str, cases: u32, broken: u32) {
    let test = format!("many_stores::{test}");
    seed::check(&test, cases, P::TIME, &(any::<bool>(), vec(turn(broken), 1..30)), run::<P>);
}

#[test]
fn stores_that_share_memory_answer_as_the_model_does() {
    on::<SharedMemory>("stores_that_share_memory_answer_as_the_model_does", 200, 0);
}

#[test]
fn stores_that_share_postgresql_answer_as_the_model_does() {
    on::<Postgres>("stores_that_share_postgresql_answer_as_the_model_does", 20, 0);
}

#[test]
fn stores_that_lose_their_connections_to_postgresql_answer_as_the_model_does() {
    on::<Postgres>("stores_that_lose_their_connections_to_postgresql_answer_as_the_model_does", 15, 6);
}
