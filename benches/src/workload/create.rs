//! Every key is created.

use std::sync::Arc;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::objects::Objects;
use crate::session::{Operation, Session};

const ARRIVING: &str = "arriving";

struct Create {
    session: Arc<Session>,
    objects: Arc<Objects>,
}

impl Operation for Create {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        self.objects.create(&self.session, kv, number, 0).await
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let create = Create { session: Arc::clone(session), objects: Arc::clone(&session.pods) };
    session.drive(plan.workers, plan.keys, create).await
}

/// Creates objects of another resource: lists are of the planned keys alone.
pub(super) async fn run_open(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let objects = Objects::new(ARRIVING, plan.arrivals(plan.arrival_rate), plan.value_bytes);
    let create = Create { session: Arc::clone(session), objects };
    session.drive_at(plan.arrival_rate, plan.arrivals(plan.arrival_rate), create).await
}
