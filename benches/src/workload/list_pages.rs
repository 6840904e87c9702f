//! All keys are read in pages, as a client with a limit does.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{Done, expect_keys};
use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;

struct ListPages(Arc<Session>);

impl Operation for ListPages {
    async fn call(&self, kv: &mut Kv, _number: usize) -> Result<(), HarnessError> {
        let mut start = Bytes::from_static(shape::PREFIX);
        let (mut revision, mut found) = (0, 0);
        loop {
            let page = kv.range(shape::page(start, self.0.plan.page, revision)).await?.into_inner();
            found += page.kvs.len();
            if revision == 0 {
                revision = page.header.unwrap_or_default().revision;
            }
            match page.kvs.last() {
                Some(last) if page.more => start = successor(&last.key),
                _ => break,
            }
        }
        expect_keys(&self.0, found)
    }
}

/// The smallest key above `key`.
fn successor(key: &[u8]) -> Bytes {
    let mut next = BytesMut::with_capacity(key.len() + 1);
    next.put_slice(key);
    next.put_u8(0);
    next.freeze()
}

pub(super) async fn run(session: &Arc<Session>) -> Result<Done, HarnessError> {
    session.drive(1, session.plan.lists, ListPages(Arc::clone(session))).await
}
