//! What a person who waits wants to know.

use std::time::{Duration, Instant};

/// Says on standard error how far a restore is, at most every few seconds.
#[derive(Debug)]
pub(crate) struct Progress {
    silent: bool,
    said: Instant,
    versions: u64,
}

const INTERVAL: Duration = Duration::from_secs(5);
/// The clock is looked at once for so many versions.
const VERSIONS_PER_LOOK: u64 = 1024;

impl Progress {
    pub(crate) fn new() -> Self {
        Self { silent: false, said: Instant::now(), versions: 0 }
    }

    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        Self { silent: true, ..Self::new() }
    }

    /// Something else begins.
    pub(crate) fn phase(&mut self, what: &str) {
        self.versions = 0;
        self.say(what);
    }

    /// One more version was `done` with.
    pub(crate) fn version(&mut self, done: &str) {
        self.versions += 1;
        if self.versions.is_multiple_of(VERSIONS_PER_LOOK) && self.said.elapsed() >= INTERVAL {
            self.say(&format!("{} versions {done}", self.versions));
        }
    }

    #[expect(clippy::print_stderr, reason = "it is for whoever started the program")]
    pub(crate) fn say(&mut self, what: &str) {
        if !self.silent {
            eprintln!("restore: {what}");
        }
        self.said = Instant::now();
    }
}
