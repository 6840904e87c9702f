//! Every key is created.

use std::sync::Arc;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

struct Create(Arc<Session>);

impl Operation for Create {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        let request = shape::create(shape::key(number), self.0.stamped_value());
        let answer = kv.txn(request).await?.into_inner();
        if !answer.succeeded {
            return Err(HarnessError::unexpected("a key was there before it was created"));
        }
        self.0.set_revision(number, answer.header.unwrap_or_default().revision);
        Ok(())
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive(plan.workers, plan.keys, Create(Arc::clone(session))).await
}
