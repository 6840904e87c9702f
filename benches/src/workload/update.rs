//! Keys are updated, each at the revision that the client saw last.

use std::sync::Arc;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::objects::Objects;
use crate::session::{Operation, Session};

/// Updates one object after the other, in an order far from theirs.
pub(super) struct Update {
    session: Arc<Session>,
    objects: Arc<Objects>,
}

impl Update {
    /// Of the objects that most workloads are about.
    pub(super) fn pods(session: &Arc<Session>) -> Self {
        Self::of(session, &session.pods)
    }

    pub(super) fn of(session: &Arc<Session>, objects: &Arc<Objects>) -> Self {
        Self { session: Arc::clone(session), objects: Arc::clone(objects) }
    }
}

impl Operation for Update {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        self.objects.update(&self.session, kv, self.objects.scattered(number)).await
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive(plan.workers, plan.keys, Update::pods(session)).await
}

pub(super) async fn run_single(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.drive(1, session.plan.single_updates, Update::pods(session)).await
}

pub(super) async fn run_open(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive_at(plan.arrival_rate, plan.arrivals(plan.arrival_rate), Update::pods(session)).await
}
