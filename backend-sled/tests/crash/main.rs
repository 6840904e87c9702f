//! A process is killed in the middle of its writes, over and over; what it was told is durable must be there.
//!
//! `AUROCH_SEED` repeats the commits and the plan of a run; where exactly a kill strikes is the machine's choice.
//! `AUROCH_ROUNDS` makes it more or fewer kills.

mod check;
mod child;
mod story;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;

use self::check::{Said, check};
use self::child::Line;

const TEST: &str = "nothing_acknowledged_is_lost_and_nothing_is_torn_by_kill_9";
const ROUNDS: u64 = 216;
/// Then a new file, so that checking stays quick and creation is killed too.
const ROUNDS_A_FILE: u64 = 12;
/// Set for the process that is to be killed.
const CHILD_FILE: &str = "AUROCH_CRASH_FILE";

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_is_torn_by_kill_9() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    if let Some(file) = std::env::var_os(CHILD_FILE) {
        let seed = number("AUROCH_SEED").expect("the parent sets it");
        child::run(&PathBuf::from(file), seed, number("AUROCH_ROUND").expect("the parent sets it")).await;
    }
    let seed = number("AUROCH_SEED").unwrap_or_else(rand::random);
    let rounds = number("AUROCH_ROUNDS").unwrap_or(ROUNDS);
    println!(
        "again: AUROCH_SEED={seed} AUROCH_ROUNDS={rounds} cargo test -p backend-sled --test crash -- --exact {TEST}"
    );

    let mut random = StdRng::seed_from_u64(seed);
    let mut file = File::new(seed);
    for round in 0..rounds {
        if round % ROUNDS_A_FILE == 0 {
            file.check().await;
            file = File::new(seed.wrapping_add(round));
        }
        file.crash(round, &mut random);
        // Not always: a crash must also be survived by one that follows it.
        if random.random_ratio(1, 2) {
            file.check().await;
        }
    }
    file.check().await;
}

/// A store and what is known of it.
struct File {
    _directory: TempDir,
    path: PathBuf,
    seed: u64,
    said: Said,
}

impl File {
    fn new(seed: u64) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("new").join("store");
        Self { _directory: directory, path, seed, said: Said::default() }
    }

    async fn check(&self) {
        check(&self.path, self.seed, self.said).await;
    }

    /// Runs the child and kills it at some moment.
    fn crash(&mut self, round: u64, random: &mut StdRng) {
        let plan = Plan::draw(random);
        for line in kill(&self.path, self.seed, round, plan) {
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

/// When to kill: so long after so many lines.
#[derive(Clone, Copy, Debug)]
struct Plan {
    lines: u64,
    delay: Duration,
}

impl Plan {
    fn draw(random: &mut StdRng) -> Self {
        let (lines, micros) = match random.random_range(0..20) {
            // While it starts, opens or recovers.
            0..4 => (0, random.random_range(0..30_000)),
            // Long enough to come back to space that was given free.
            4 => (random.random_range(100..250), random.random_range(0..3000)),
            _ => (random.random_range(1..25), random.random_range(0..3000)),
        };
        Self { lines, delay: Duration::from_micros(micros) }
    }
}

/// All that the child said before it was killed.
#[expect(clippy::disallowed_methods, reason = "a kill strikes at any time, so there is no event to wait for")]
fn kill(file: &Path, seed: u64, round: u64, plan: Plan) -> Vec<Line> {
    let mut child = Command::new(std::env::current_exe().expect("this test's own program"))
        .args(["--exact", TEST, "--nocapture"])
        .env(CHILD_FILE, file)
        .env("AUROCH_SEED", seed.to_string())
        .env("AUROCH_ROUND", round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut lines = out.lines().map(|line| line.expect("text")).filter_map(|line| Line::parse(&line));
    let mut said: Vec<_> = lines.by_ref().take(usize::try_from(plan.lines).expect("few")).collect();
    std::thread::sleep(plan.delay);
    child.kill().expect("it is killed");
    said.extend(lines);
    let status = child.wait().expect("it is gone");
    assert!(status.code().is_none(), "the child failed by itself: {status}");
    said
}
