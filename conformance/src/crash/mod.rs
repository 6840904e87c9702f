//! A process is killed in the middle of its writes, over and over; what it was told is durable must be there.
//!
//! `AUROCH_SEED` repeats the commits and the plan of a run; where exactly a kill strikes is the machine's choice.
//! `AUROCH_ROUNDS` makes it more or fewer kills. A backend's test file says how to open a store at a path:
//!
//! ```ignore
//! conformance::crash_test!(|path| SledBackend::open(SledOptions::new(path)));
//! ```

mod check;
mod child;
mod story;

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use storage_core::Backend;
use tempfile::TempDir;

use self::check::{Said, check};
use self::child::Line;
use crate::process::{Kill, number, seed_and_rounds, this_test};

const ROUNDS: u64 = 216;
/// Then a new store, so that checking stays quick and creation is killed too.
const ROUNDS_A_STORE: u64 = 12;
/// Set for the process that is to be killed.
const CHILD_PATH: &str = "AUROCH_CRASH_PATH";

/// Makes the test of a backend that keeps a log at a path. Takes what opens it, a closure from a [`PathBuf`].
#[macro_export]
macro_rules! crash_test {
    ($open:expr) => {
        #[tokio::test]
        async fn nothing_acknowledged_is_lost_and_nothing_is_torn_by_kill_9() {
            let test = "nothing_acknowledged_is_lost_and_nothing_is_torn_by_kill_9";
            $crate::crash::survive_kills(env!("CARGO_PKG_NAME"), test, $open).await;
        }
    };
}

/// The body of the test named `test`: the process that kills, and the one that is killed.
///
/// # Panics
/// If something acknowledged was lost, or a commit torn.
pub async fn survive_kills<B: Backend, E: Debug>(
    package: &str,
    test: &str,
    open: impl AsyncFn(PathBuf) -> Result<B, E>,
) {
    if let Some(path) = std::env::var_os(CHILD_PATH) {
        let backend = open(path.into()).await.expect("it opens");
        let [seed, round] = ["AUROCH_SEED", "AUROCH_ROUND"].map(|name| number(name).expect("the parent sets it"));
        child::run(&backend, seed, round).await;
    }
    let (seed, rounds) = seed_and_rounds(package, test, ROUNDS);
    let mut random = StdRng::seed_from_u64(seed);
    let mut store = Store::new(seed);
    for round in 0..rounds {
        if round % ROUNDS_A_STORE == 0 {
            store.check(&open).await;
            store = Store::new(seed.wrapping_add(round));
        }
        store.crash(test, round, &mut random);
        // Not always: a crash must also be survived by one that follows it.
        if random.random_ratio(1, 2) {
            store.check(&open).await;
        }
    }
    store.check(&open).await;
}

/// A store and what is known of it.
struct Store {
    _directory: TempDir,
    path: PathBuf,
    seed: u64,
    said: Said,
}

impl Store {
    fn new(seed: u64) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("new").join("store");
        Self { _directory: directory, path, seed, said: Said::default() }
    }

    async fn check<B: Backend, E: Debug>(&self, open: &impl AsyncFn(PathBuf) -> Result<B, E>) {
        let backend = open(self.path.clone()).await.expect("it opens after a crash");
        check(&backend, self.seed, self.said).await;
    }

    /// Runs the child and kills it at some moment.
    fn crash(&mut self, test: &str, round: u64, random: &mut StdRng) {
        let mut child = this_test(test);
        child.env(CHILD_PATH, &self.path);
        child.env("AUROCH_SEED", self.seed.to_string()).env("AUROCH_ROUND", round.to_string());
        for line in draw(random).strike(&mut child, Line::parse) {
            match line {
                Line::Opened(position) => {
                    assert!(position >= self.said.acknowledged, "{:?} was lost: the log ends at {position}", self.said)
                }
                Line::Acknowledged(position) => self.said.acknowledged = position,
                Line::Compacts(revision) => self.said.compacted = self.said.compacted.max(revision),
            }
        }
    }
}

fn draw(random: &mut StdRng) -> Kill {
    let (lines, micros) = match random.random_range(0..20) {
        // While it starts, opens or recovers.
        0..4 => (0, random.random_range(0..30_000)),
        // Long enough for what is done now and then: SQLite's checkpoints, sled's return to space that was given free.
        4 => (random.random_range(100..250), random.random_range(0..3000)),
        _ => (random.random_range(1..25), random.random_range(0..3000)),
    };
    Kill { lines, delay: Duration::from_micros(micros) }
}
