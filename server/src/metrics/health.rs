use std::sync::atomic::{AtomicBool, Ordering};

use storage_core::stats::Counter;

/// etcd's checks, by the probe that runs them.
const CHECKS: [(&str, &str); 5] = [
    ("livez", "serializable_read"),
    ("readyz", "data_corruption"),
    ("readyz", "linearizable_read"),
    ("readyz", "non_learner"),
    ("readyz", "serializable_read"),
];

/// What probes were answered.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pub(super) successes: Counter,
    pub(super) failures: Counter,
    /// Whether it said false the last time, to those who exclude nothing and to those who exclude something.
    unwell: [AtomicBool; 2],
    checks: [Check; CHECKS.len()],
}

/// What came of one check so far.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub(super) successes: Counter,
    pub(super) errors: Counter,
    last: AtomicBool,
}

impl Check {
    /// Whether it went well the last time; `None` before it was ever run.
    pub(super) fn last(&self) -> Option<bool> {
        (self.successes.get() + self.errors.get() > 0).then(|| self.last.load(Ordering::Relaxed))
    }
}

impl Health {
    /// `/health` was asked, with something excluded or not. Answers whether that is news: probes come every few seconds.
    pub(crate) fn answered(&self, healthy: bool, excludes: bool) -> bool {
        if healthy { &self.successes } else { &self.failures }.increment();
        self.unwell[usize::from(excludes)].swap(!healthy, Ordering::Relaxed) == healthy
    }

    /// A check of `/livez` or `/readyz` was run. Answers whether the outcome is news; that the first is good is none.
    pub(crate) fn checked(&self, probe: &str, name: &str, success: bool) -> bool {
        let Some(at) = CHECKS.iter().position(|check| *check == (probe, name)) else { return true };
        let check = &self.checks[at];
        let before = check.last().unwrap_or(true);
        check.last.store(success, Ordering::Relaxed);
        if success { &check.successes } else { &check.errors }.increment();
        before != success
    }

    /// Each check: its probe, its name, and what came of it.
    pub(super) fn checks(&self) -> impl Iterator<Item = (&'static str, &'static str, &Check)> {
        CHECKS.iter().zip(&self.checks).map(|((probe, name), check)| (*probe, *name, check))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_news() {
        let health = Health::default();
        let news = [true, false, false, true, true].map(|healthy| health.answered(healthy, false));
        assert_eq!(news, [false, true, false, true, false]);
        assert!(!health.answered(true, true), "those who exclude an alarm were never told of it");
        let news = [true, false, false, true].map(|ok| health.checked("readyz", "linearizable_read", ok));
        assert_eq!(news, [false, true, false, true]);
        assert!(Health::default().checked("livez", "serializable_read", false), "the first may be bad");
    }
}
