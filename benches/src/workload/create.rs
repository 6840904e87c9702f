//! Every key is created.

use std::sync::Arc;

use super::Done;
use crate::error::HarnessError;
use crate::objects::{Create, Objects};
use crate::session::Session;

const ARRIVING: &str = "arriving";

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.pods.create_all(session).await
}

/// Creates objects of another resource: lists are of the planned keys alone.
pub(super) async fn run_open(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let objects = Objects::new(ARRIVING, plan.arrivals(plan.arrival_rate), plan.value_bytes);
    session.drive_at(plan.arrival_rate, objects.count(), Create::of(&objects, session)).await
}
