//! The store answers as the model does, whatever is asked in whatever order.

use conformance::backend_suite::Place;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::driver::{Driver, Setup};
use crate::places::{Memory, SqliteFile};
use crate::steps::{Step, step};
use crate::support::seed::{self, Time};

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

#[test]
fn a_store_in_memory_answers_as_the_model_does() {
    let input = (setup(), vec(step(), 1..60));
    seed::check(
        "property::a_store_in_memory_answers_as_the_model_does",
        1500,
        Time::Paused,
        &input,
        async |(setup, steps)| run(Memory::default(), setup, steps).await,
    );
}

#[test]
fn a_store_in_a_sqlite_file_answers_as_the_model_does() {
    let input = (setup(), vec(step(), 1..60));
    seed::check(
        "property::a_store_in_a_sqlite_file_answers_as_the_model_does",
        40,
        Time::Real,
        &input,
        async |(setup, steps)| run(SqliteFile::default(), setup, steps).await,
    );
}
