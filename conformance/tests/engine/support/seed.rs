//! Random tests that can be run again.

use std::time::Duration;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// So many steps of shrinking; the sequences are short.
const SHRINK_STEPS: u32 = 4096;
/// Nor does shrinking go on for longer than this, where it takes a hang to see that a case fails.
const SHRINK_LIMIT_MS: u32 = 600_000;
/// A case that takes longer hangs: the longest, on PostgreSQL with connections that are lost, take six seconds on a busy machine, and in time that
/// jumps no case waits for as long.
pub(crate) const HANG: Duration = Duration::from_secs(60);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("it is a number"))
}

/// The seed of this run, and how to have it again.
pub(crate) fn seed(test: &str) -> (u64, String) {
    let seed = number("AUROCH_SEED").unwrap_or_else(rand::random);
    (seed, format!("again: AUROCH_SEED={seed} cargo test -p conformance --test engine -- --exact {test}"))
}

/// How time goes by while a case waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// As ever.
    Real,
    /// It jumps to the next timer when all tasks wait. Not where threads outside the runtime take part.
    Paused,
}

/// Runs `case` on `cases` random inputs (AUROCH_CASES for another number), and shrinks the first that fails. Each case has a
/// runtime of its own.
pub(crate) fn check<S: Strategy>(
    test: &str,
    cases: u32,
    time: Time,
    strategy: &S,
    case: impl AsyncFn(S::Value) -> Result<(), String>,
) {
    let (seed, again) = seed(test);
    let cases = number("AUROCH_CASES").map_or(cases, |n| u32::try_from(n).expect("a number of cases"));
    let config = Config {
        cases,
        max_shrink_iters: SHRINK_STEPS,
        max_shrink_time: SHRINK_LIMIT_MS,
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let outcome = runner.run(strategy, |input| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(time == Time::Paused).build().expect("a runtime starts");
        let outcome = runtime.block_on(async { tokio::time::timeout(HANG, Box::pin(case(input))).await });
        outcome.unwrap_or_else(|_| Err("it hangs".to_owned())).map_err(TestCaseError::fail)
    });
    if let Err(failure) = outcome {
        panic!("{failure}\n{again}");
    }
}
