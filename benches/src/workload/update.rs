//! Keys are updated, each at the revision that the client saw last.

use std::sync::Arc;

use super::Done;
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

/// A stride without a common divisor with any round number of keys, so that neighbours in time are not neighbours in order.
const STRIDE: usize = 7919;

/// Updates one key after the other, in an order far from theirs.
pub(super) struct Update(pub(super) Arc<Session>);

impl Operation for Update {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        let session = &self.0;
        let key = scattered(number, session.plan.keys);
        let request = shape::update(shape::key(key), session.revision(key), session.stamped_value());
        let answer = kv.txn(request).await?.into_inner();
        if !answer.succeeded {
            return Err(HarnessError::unexpected("a key had another revision than its last write"));
        }
        session.set_revision(key, answer.header.unwrap_or_default().revision);
        Ok(())
    }
}

/// The key that request `number` is about.
pub(super) fn scattered(number: usize, keys: usize) -> usize {
    number.wrapping_mul(STRIDE) % keys
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive(plan.workers, plan.keys, Update(Arc::clone(session))).await
}

pub(super) async fn run_single(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.drive(1, session.plan.single_updates, Update(Arc::clone(session))).await
}
