//! Single keys are read.

use std::sync::Arc;

use super::{Done, update::scattered};
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

struct Get(Arc<Session>);

impl Operation for Get {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        let key = scattered(number, self.0.plan.keys);
        let answer = kv.range(shape::get(shape::key(key))).await?.into_inner();
        // The server that does nothing finds nothing; of all others the key's own revision is expected.
        match answer.kvs.first() {
            Some(kv) if kv.mod_revision != self.0.revision(key) => {
                Err(HarnessError::unexpected("a read does not show the last write"))
            }
            None if self.0.revision(key) != 0 => Err(HarnessError::unexpected("a key is missing")),
            _ => Ok(()),
        }
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    let plan = &session.plan;
    session.drive(plan.workers, plan.gets, Get(Arc::clone(session))).await
}
