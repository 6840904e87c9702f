//! Keys are deleted, each at the revision that the client saw last.

use std::sync::Arc;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::meter::Meter;
use crate::objects::Objects;
use crate::session::{Operation, Session};

const DOOMED: &str = "doomed";

struct Delete(Arc<Objects>);

impl Operation for Delete {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        self.0.delete(kv, number).await
    }
}

pub(super) async fn run(session: &Arc<Session>, meter: &mut Meter) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    let objects = Objects::new(DOOMED, plan.deletes, plan.value_bytes);
    objects.create_all(session).await?;
    meter.begin()?;
    session.drive(plan.workers, plan.deletes, Delete(objects)).await
}
