//! All keys are counted.

use std::sync::Arc;

use super::{Done, expect_keys};
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

struct Count(Arc<Session>);

impl Operation for Count {
    async fn call(&self, kv: &mut Kv, _number: usize) -> Result<(), HarnessError> {
        let answer = kv.range(shape::count()).await?.into_inner();
        expect_keys(&self.0, usize::try_from(answer.count).unwrap_or_default())
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.drive(1, session.plan.counts, Count(Arc::clone(session))).await
}
