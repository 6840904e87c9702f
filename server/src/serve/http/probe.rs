use std::fmt::Write as _;

use ::http::{Response, StatusCode};
use proto::etcdserverpb::AlarmType;
use storage_core::Store;

use super::health::read;
use super::query::Query;
use super::response::{error, text};
use crate::convert;
use crate::metrics::Health;
use crate::serve::body::Body;

/// What a probe can ask for, each under a path of its own as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    DataCorruption,
    SerializableRead,
    LinearizableRead,
    NonLearner,
}

/// A list of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// Whether the process works at all: when this fails, start it anew.
    Livez,
    /// Whether it can serve: when this fails, send it no requests.
    Readyz,
}

impl Check {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DataCorruption => "data_corruption",
            Self::SerializableRead => "serializable_read",
            Self::LinearizableRead => "linearizable_read",
            Self::NonLearner => "non_learner",
        }
    }

    async fn run(self, store: &Store) -> Result<(), String> {
        match self {
            Self::DataCorruption => {
                let corrupt = |alarm: &storage_core::Alarm| convert::alarm_type(alarm.kind) == AlarmType::Corrupt;
                let on = store.status().alarms.iter().any(corrupt);
                if on { Err("alarm activated: CORRUPT".to_owned()) } else { Ok(()) }
            }
            Self::SerializableRead => read(store, true).await.map_err(|error| error.to_string()),
            // In etcd this one needs its peers to agree. What it stands for here is a storage that takes writes.
            Self::LinearizableRead => match store.status().failure {
                Some(cause) => Err(format!("storage error: {cause}")),
                None => read(store, false).await.map_err(|error| error.to_string()),
            },
            // There are no learners.
            Self::NonLearner => Ok(()),
        }
    }
}

impl Probe {
    fn name(self) -> &'static str {
        match self {
            Self::Livez => "livez",
            Self::Readyz => "readyz",
        }
    }

    pub(super) fn checks(self) -> &'static [Check] {
        match self {
            Self::Livez => &[Check::SerializableRead],
            Self::Readyz => {
                &[Check::DataCorruption, Check::SerializableRead, Check::LinearizableRead, Check::NonLearner]
            }
        }
    }

    /// Probes come every few seconds; only what is news is for everybody.
    fn log(self, check: Check, outcome: &Result<(), String>, is_news: bool) {
        let (probe, check) = (self.name(), check.name());
        match outcome {
            Ok(()) if is_news => tracing::info!(probe, check, "a check goes well again"),
            Ok(()) => {}
            Err(why) if is_news => tracing::warn!(probe, check, why, "a check of the server fails"),
            Err(why) => tracing::debug!(probe, check, why, "a check of the server still fails"),
        }
    }

    /// Runs `only` this check, or all that `query` does not exclude.
    pub(super) async fn answer(
        self,
        only: Option<Check>,
        store: &Store,
        counts: &Health,
        query: Query<'_>,
    ) -> Response<Body> {
        let mut report = String::new();
        let mut failed = false;
        for check in self.checks() {
            let wanted = only.map_or_else(|| !query.excludes(check.name()), |only| only == *check);
            if !wanted {
                continue;
            }
            let outcome = check.run(store).await;
            let is_news = counts.checked(self.name(), check.name(), outcome.is_ok());
            self.log(*check, &outcome, is_news);
            let _ = match outcome {
                Ok(()) => writeln!(report, "[+]{} ok", check.name()),
                Err(why) => {
                    failed = true;
                    writeln!(report, "[-]{} failed: {why}", check.name())
                }
            };
        }
        if failed {
            return error(StatusCode::SERVICE_UNAVAILABLE, &report);
        }
        if !query.has("verbose") {
            report.clear();
        }
        report.push_str("ok\n");
        text(StatusCode::OK, report)
    }
}
