//! Tests that run their own program once more, as a process that may be killed or kept from writing.

use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

/// When to kill: so long after so many lines.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    /// Of those that the process says.
    pub lines: usize,
    /// After the last of them.
    pub delay: Duration,
}

impl Kill {
    /// All that a process said before it was killed. Lines that `parse` does not know are the test harness's.
    ///
    /// # Panics
    /// If the process ends by itself.
    #[expect(clippy::disallowed_methods, reason = "a kill strikes at any time, so there is no event to wait for")]
    pub fn strike<T>(self, command: &mut Command, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the child starts");
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut lines = out.lines().map(|line| line.expect("text")).filter_map(|line| parse(&line));
        let mut said: Vec<_> = lines.by_ref().take(self.lines).collect();
        std::thread::sleep(self.delay);
        child.kill().expect("it is killed");
        said.extend(lines);
        let status = child.wait().expect("it is gone");
        assert!(status.code().is_none(), "the child failed by itself: {status}");
        said
    }
}

/// This test's own program, which is to run one test alone.
///
/// # Panics
/// If the system does not know the program.
#[must_use]
pub fn this_test(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test's own program"));
    command.args(["--exact", test, "--nocapture"]);
    command
}

/// Says a line to the process that started this one.
///
/// # Panics
/// If nobody reads it.
pub fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    // The harness may have left a line open.
    write!(out, "\n{line}\n").and_then(|()| out.flush()).expect("the parent reads");
}

/// The number in a variable of the environment, if it is set.
///
/// # Panics
/// If something else is in it.
#[must_use]
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// The seed of a crash test and how often it kills: `AUROCH_SEED` and `AUROCH_ROUNDS` if they are set. Prints the command that
/// does the same again.
#[must_use]
pub fn seed_and_rounds(package: &str, test: &str, rounds: u64) -> (u64, u64) {
    let seed = number("AUROCH_SEED").unwrap_or_else(rand::random);
    let rounds = number("AUROCH_ROUNDS").unwrap_or(rounds);
    println!("again: AUROCH_SEED={seed} AUROCH_ROUNDS={rounds} cargo test -p {package} --test crash -- --exact {test}");
    (seed, rounds)
}
