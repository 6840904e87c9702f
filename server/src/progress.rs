//! What a person who waits wants to know.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Says on standard error how far a command is: with a bar on a terminal, elsewhere in lines, at most one every few seconds.
#[derive(Debug)]
pub(crate) struct Progress {
    command: &'static str,
    silent: bool,
    bar: ProgressBar,
    unit: Unit,
    said: Instant,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Bytes,
    Versions,
}

const INTERVAL: Duration = Duration::from_secs(5);
/// How often a bar is drawn in a second.
const DRAWS: u8 = 10;

impl Progress {
    pub(crate) fn new(command: &'static str) -> Self {
        let bar = ProgressBar::hidden();
        Self { command, silent: false, bar, unit: Unit::Bytes, said: Instant::now() }
    }

    #[cfg(test)]
    pub(crate) fn silent() -> Self {
        let mut progress = Self::new("test");
        progress.silent = true;
        progress
    }

    /// Something else begins, of which there is so much to do, if that is known.
    pub(crate) fn phase(&mut self, what: &str, unit: Unit, total: Option<u64>) {
        self.bar.finish_and_clear();
        self.say(what);
        // Nothing is drawn where standard error is no terminal.
        let target = if self.silent { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(DRAWS) };
        self.bar = ProgressBar::with_draw_target(total, target).with_style(unit.style(total.is_some()));
        self.unit = unit;
    }

    /// So much more of it is done.
    pub(crate) fn advance(&mut self, amount: u64) {
        self.bar.inc(amount);
        if self.bar.is_hidden() && self.said.elapsed() >= INTERVAL {
            let done = self.unit.text(self.bar.position());
            match self.bar.length() {
                Some(total) => self.say(&format!("{done} of {}", self.unit.text(total))),
                None => self.say(&done),
            }
        }
    }

    /// Says a line.
    #[expect(clippy::print_stderr, reason = "it is for whoever started the program")]
    pub(crate) fn say(&mut self, what: &str) {
        if !self.silent {
            self.bar.suspend(|| eprintln!("{}: {what}", self.command));
        }
        self.said = Instant::now();
    }

    /// Says a line, and that was all.
    pub(crate) fn done(&mut self, what: &str) {
        self.bar.finish_and_clear();
        self.say(what);
    }
}

/// Whatever comes next begins on an empty line.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Unit {
    fn text(self, amount: u64) -> String {
        match self {
            Self::Bytes => HumanBytes(amount).to_string(),
            Self::Versions => format!("{} versions", HumanCount(amount)),
        }
    }

    fn style(self, total_is_known: bool) -> ProgressStyle {
        let template = match (self, total_is_known) {
            (Self::Bytes, true) => "[{wide_bar}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            (Self::Bytes, false) => "{bytes}, {bytes_per_sec}",
            (Self::Versions, true) => "[{wide_bar}] {human_pos} of {human_len} versions, {eta} left",
            (Self::Versions, false) => "{human_pos} versions, {per_sec}",
        };
        ProgressStyle::with_template(template).expect("a test looks at each").progress_chars("=> ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        for unit in [Unit::Bytes, Unit::Versions] {
            for total_is_known in [false, true] {
                let _ = unit.style(total_is_known);
            }
        }
    }

    #[test]
    fn amounts_are_said_as_people_say_them() {
        assert_eq!(Unit::Bytes.text(5 << 20), "5.00 MiB");
        assert_eq!(Unit::Versions.text(1_234_567), "1,234,567 versions");
    }
}
