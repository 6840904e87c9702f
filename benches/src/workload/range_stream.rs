//! All keys are read as a stream, as kube-apiserver 1.37 does.

use std::sync::Arc;

use super::{Done, expect_keys};
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

struct RangeStream(Arc<Session>);

impl Operation for RangeStream {
    async fn call(&self, kv: &mut Kv, _number: usize) -> Result<(), HarnessError> {
        let mut chunks = kv.range_stream(shape::list()).await?.into_inner();
        let mut found = 0;
        while let Some(chunk) = chunks.message().await? {
            found += chunk.range_response.map_or(0, |r| r.kvs.len());
        }
        expect_keys(&self.0, found)
    }
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.drive(1, session.plan.lists, RangeStream(Arc::clone(session))).await
}
