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
    /// `/health` was asked.
    pub(crate) fn answered(&self, healthy: bool) {
        if healthy { &self.successes } else { &self.failures }.increment();
    }

    /// A check of `/livez` or `/readyz` was run.
    pub(crate) fn checked(&self, probe: &str, name: &str, success: bool) {
        let Some(at) = CHECKS.iter().position(|check| *check == (probe, name)) else { return };
        let check = &self.checks[at];
        check.last.store(success, Ordering::Relaxed);
        if success { &check.successes } else { &check.errors }.increment();
    }

    /// Each check: its probe, its name, and what came of it.
    pub(super) fn checks(&self) -> impl Iterator<Item = (&'static str, &'static str, &Check)> {
        CHECKS.iter().zip(&self.checks).map(|((probe, name), check)| (*probe, *name, check))
    }
}
