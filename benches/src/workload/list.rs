//! All keys are read at once.

use std::sync::Arc;

use super::{Done, expect_keys};
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

struct List(Arc<Session>);

impl Operation for List {
    async fn call(&self, kv: &mut Kv, _number: usize) -> Result<(), HarnessError> {
        let answer = kv.range(shape::list()).await?.into_inner();
        expect_keys(&self.0, answer.kvs.len())
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.drive(1, session.plan.lists, List(Arc::clone(session))).await
}
