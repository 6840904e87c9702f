//! A copy that is cut off at random, while its source goes on in between, is at last what the source is.

use std::sync::Arc;

use conformance::backend_suite::Place;
use proptest::collection::vec;
use proptest::prelude::*;
use storage_core::backend::{Bounds, Fault, FaultBackend, ScanLimits};
use storage_core::{CopyError, CopyObserver, CopyStep, OpenError, Store, StoreCopy, StoreOptions};

use crate::driver::{Driver, Setup};
use crate::places::{Fresh, Memory, Postgres, SledDirectory, SqliteFile};
use crate::steps::{Step, step};
use crate::support::seed::{self, Time};

pub(crate) struct Silent;

impl CopyObserver for Silent {
    fn step(&mut self, _: CopyStep) {}
    fn advance(&mut self, _: u64) {}
}

/// What the source does before an attempt, and after how many appends that is cut off, and how.
#[derive(Clone, Debug)]
struct Attempt {
    steps: Vec<Step>,
    clean: bool,
    appends: usize,
    fault: Fault,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let fault = prop::sample::select(vec![
        Fault::Refused,
        Fault::Lost,
        Fault::HappenedUnknown,
        Fault::Poison,
        Fault::HappenedPoison,
    ]);
    (vec(step(), 0..12), any::<bool>(), 0..8usize, fault).prop_map(|(steps, clean, appends, fault)| Attempt {
        steps,
        clean,
        appends,
        fault,
    })
}

fn case() -> impl Strategy<Value = (Vec<Step>, Vec<Attempt>, Vec<Step>)> {
    (vec(step(), 1..30), vec(attempt(), 0..4), vec(step(), 1..20))
}

async fn take<P: Place>(driver: &mut Driver<P>, steps: Vec<Step>) -> Result<(), String> {
    for step in steps {
        driver.step(step).await?;
    }
    Ok(())
}

/// Copies with the faults of `script`, in parts of two commits.
async fn copy<P: Place>(source: &Driver<P>, to: &impl Place, script: Vec<Fault>) -> Result<(), CopyError> {
    let (from, into) = (source.place().open().await, to.open().await);
    let faults = Arc::new(FaultBackend::new(Arc::clone(&into)));
    faults.script(script);
    let before = from.bounds().await.expect("it can be read");
    let copy = StoreCopy::new(Arc::clone(&from), faults, source.environment());
    let limits = ScanLimits { commits: 2, bytes: 1000 };
    let copied = copy.in_parts_of(limits).run(&mut Silent).await;
    assert_eq!(from.bounds().await.expect("it can be read"), before, "the source is only read");
    for backend in [from, into] {
        backend.close().await.expect("it closes");
    }
    copied.map(drop)
}

/// Nobody takes a part of a copy for a store.
async fn assert_does_not_open(place: &impl Place) {
    let backend = place.open().await;
    if backend.bounds().await.expect("it can be read") != Bounds::default() {
        let opened = Store::open(Arc::clone(&backend), StoreOptions::default()).await;
        assert!(matches!(opened, Err(OpenError::Unfinished)), "{opened:?}");
    }
    backend.close().await.expect("it closes");
}

async fn run<P: Place, Q: Place>(
    from: P,
    to: Q,
    (before, attempts, after): (Vec<Step>, Vec<Attempt>, Vec<Step>),
) -> Result<(), String> {
    let mut source = Driver::new(from, &Setup::default()).await;
    take(&mut source, before).await?;
    let mut may_be_done = false;
    for Attempt { steps, clean, appends, fault } in attempts {
        take(&mut source, steps).await?;
        source.close(clean).await?;
        let script = std::iter::repeat_n(Fault::None, appends).chain([fault]).collect();
        match copy(&source, &to, script).await {
            // It was done before its fault came. A source that goes on now is another store.
            Ok(()) => return go_on(source, to, after).await,
            Err(CopyError::Destination(_)) => {}
            Err(CopyError::NotEmpty) if may_be_done => return Ok(()),
            Err(error) => return Err(format!("the copy failed: {error}")),
        }
        let happened = matches!(fault, Fault::HappenedUnknown | Fault::HappenedPoison);
        if !happened {
            assert_does_not_open(&to).await;
        }
        may_be_done |= happened;
        source.open_again().await?;
    }
    source.close(true).await?;
    match copy(&source, &to, Vec::new()).await {
        Ok(()) => go_on(source, to, after).await,
        Err(CopyError::NotEmpty) if may_be_done => Ok(()),
        Err(error) => Err(format!("the copy failed: {error}")),
    }
}

/// The copy is the store from now on, and nobody can tell.
async fn go_on<P: Place, Q: Place>(source: Driver<P>, to: Q, after: Vec<Step>) -> Result<(), String> {
    let mut copied = source.moved(to);
    copied.open_again().await.map_err(|e| format!("the copy: {e}"))?;
    take(&mut copied, after).await.map_err(|e| format!("the copy goes on: {e}"))?;
    copied.check_all().await.map_err(|e| format!("the copy at the end: {e}"))
}

/// The whole test, between two places of a kind.
fn between<P: Fresh, Q: Fresh>(test: &str, cases: u32) {
    let test = format!("copies_property::{test}");
    let time = if P::TIME == Time::Paused { Q::TIME } else { P::TIME };
    seed::check(&test, cases, time, &case(), async |case| run(P::default(), Q::default(), case).await);
}

#[test]
fn a_copy_in_memory_answers_as_the_source_did() {
    between::<Memory, Memory>("a_copy_in_memory_answers_as_the_source_did", 400);
}

#[test]
fn a_copy_from_one_sqlite_file_to_another_answers_as_the_source_did() {
    between::<SqliteFile, SqliteFile>("a_copy_from_one_sqlite_file_to_another_answers_as_the_source_did", 15);
}

#[test]
fn a_copy_from_a_sqlite_file_to_postgresql_answers_as_the_source_did() {
    between::<SqliteFile, Postgres>("a_copy_from_a_sqlite_file_to_postgresql_answers_as_the_source_did", 8);
}

#[test]
fn a_copy_from_postgresql_to_a_sqlite_file_answers_as_the_source_did() {
    between::<Postgres, SqliteFile>("a_copy_from_postgresql_to_a_sqlite_file_answers_as_the_source_did", 8);
}

#[test]
fn a_copy_from_a_sqlite_file_to_a_sled_directory_answers_as_the_source_did() {
    between::<SqliteFile, SledDirectory>("a_copy_from_a_sqlite_file_to_a_sled_directory_answers_as_the_source_did", 10);
}
