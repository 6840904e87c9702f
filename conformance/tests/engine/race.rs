//! Requests to several stores at once. The answers must be those of some order of them, one after the other.

use std::fmt;

use conformance::model::Model;
use proptest::prelude::*;
use storage_core::{RangeRequest, Revision, Store, StoreError};

use crate::driver;
use crate::steps::{Write, at, range, resolve_range, resolve_write, revision, write};
use crate::support::describe::Describe;

/// A request of a race.
#[derive(Clone)]
pub(crate) enum Ask {
    Write(Write),
    Range(RangeRequest),
    Compact(Revision, bool),
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(write) => write.fmt(f),
            Self::Range(request) => f.write_str(&request.describe()),
            Self::Compact(revision, physical) => write!(f, "compact {revision} physical {physical}"),
        }
    }
}

pub(crate) type Answer = Result<String, StoreError>;

pub(crate) fn any_ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        8 => write().prop_map(Ask::Write),
        3 => range().prop_map(Ask::Range),
        1 => (revision(), any::<bool>()).prop_map(|(revision, physical)| Ask::Compact(revision, physical)),
    ]
}

impl Ask {
    /// Makes relative revisions what they mean while `current` is the store's.
    pub(crate) fn resolve(&mut self, current: Revision) {
        match self {
            Self::Write(write) => resolve_write(write, current),
            Self::Range(request) => resolve_range(request, current),
            Self::Compact(revision, _) => at(revision, current),
        }
    }

    pub(crate) async fn of(&self, store: &Store) -> Answer {
        match self {
            Self::Write(write) => driver::ask(store, write.clone()).await,
            Self::Range(request) => store.range(request.clone()).await.map(|r| r.describe()),
            Self::Compact(revision, physical) => store.compact(*revision, *physical).await.map(|r| r.describe()),
        }
    }

    pub(crate) fn of_model(&self, model: &mut Model) -> Answer {
        match self {
            Self::Write(write) => driver::ask_model(model, write),
            Self::Range(request) => model.range(request).map(|r| r.describe()),
            Self::Compact(revision, _) => model.compact(*revision).map(|r| r.describe()),
        }
    }
}

/// What `model` may be after requests that were answered so: one for each order that explains the answers. What nobody knows may
/// have happened or not.
pub(crate) fn outcomes(model: &Model, asked: &[(Ask, Answer)]) -> Vec<Model> {
    let mut found = Vec::new();
    go_on(model, asked, &mut vec![false; asked.len()], &mut found);
    found
}

fn go_on(model: &Model, asked: &[(Ask, Answer)], done: &mut [bool], found: &mut Vec<Model>) {
    if done.iter().all(|done| *done) {
        found.push(model.clone());
    }
    for next in 0..asked.len() {
        if std::mem::replace(&mut done[next], true) {
            continue;
        }
        for model in ways(model, &asked[next]) {
            go_on(&model, asked, done, found);
        }
        done[next] = false;
    }
}

/// What comes of one request, if it was answered so.
fn ways(model: &Model, (ask, answer): &(Ask, Answer)) -> Vec<Model> {
    let mut after = model.clone();
    match answer {
        Err(StoreError::Refused(_) | StoreError::Failed(_)) => vec![after],
        Err(StoreError::Unknown(_)) => {
            let _ = ask.of_model(&mut after);
            vec![model.clone(), after]
        }
        answer if ask.of_model(&mut after).describe() == answer.describe() => vec![after],
        _ => Vec::new(),
    }
}
