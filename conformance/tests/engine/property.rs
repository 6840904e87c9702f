//! The store answers as the model does, whatever is asked in whatever order.

use conformance::backend_suite::Place;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::driver::{Driver, Setup};
use crate::places::{Fresh, Memory, Postgres, SledDirectory, SqliteFile};
use crate::steps::{Step, step};
use crate::support::seed;

/// Steps between two looks at everything.
const CHECK_EVERY: usize = 12;

fn setup() -> impl Strategy<Value = Setup> {
    let ring_bytes = prop::sample::select(vec![0, 600, 2000, 1 << 20]);
    let cache_bytes = prop::sample::select(vec![0, 300, 1 << 20]);
    (ring_bytes, cache_bytes, 1..5usize).prop_map(|(ring_bytes, cache_bytes, compaction_batch)| Setup {
        ring_bytes,
        cache_bytes,
        compaction_batch,
    })
}

pub(crate) async fn run<P: Place>(place: P, setup: Setup, steps: Vec<Step>) -> Result<(), String> {
    let mut driver = Driver::new(place, &setup).await;
    for (at, step) in steps.into_iter().enumerate() {
        driver.step(step).await.map_err(|e| format!("step {at}: {e}"))?;
        if at % CHECK_EVERY == CHECK_EVERY - 1 {
            driver.check_all().await.map_err(|e| format!("after step {at}: {e}"))?;
        }
    }
    driver.check_all().await
}

/// The whole test, on a place of a kind.
fn on<P: Fresh>(test: &str, cases: u32) {
    let test = format!("property::{test}");
    seed::check(&test, cases, P::TIME, &(setup(), vec(step(), 1..60)), async |(setup, steps)| {
        run(P::default(), setup, steps).await
    });
}

#[test]
fn a_store_in_memory_answers_as_the_model_does() {
    on::<Memory>("a_store_in_memory_answers_as_the_model_does", 1500);
}

#[test]
fn a_store_in_a_sqlite_file_answers_as_the_model_does() {
    on::<SqliteFile>("a_store_in_a_sqlite_file_answers_as_the_model_does", 40);
}

#[test]
fn a_store_in_postgresql_answers_as_the_model_does() {
    on::<Postgres>("a_store_in_postgresql_answers_as_the_model_does", 25);
}

#[test]
fn a_store_in_a_sled_directory_answers_as_the_model_does() {
    on::<SledDirectory>("a_store_in_a_sled_directory_answers_as_the_model_does", 30);
}
