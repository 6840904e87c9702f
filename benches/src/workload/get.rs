//! Single keys are read.

use std::sync::Arc;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};

struct Get(Arc<Session>);

impl Operation for Get {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        let pods = &self.0.pods;
        pods.get(kv, pods.scattered(number)).await
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive(plan.workers, plan.gets, Get(Arc::clone(session))).await
}

pub(super) async fn run_open(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive_at(plan.arrival_rate, plan.arrivals(plan.arrival_rate), Get(Arc::clone(session))).await
}
