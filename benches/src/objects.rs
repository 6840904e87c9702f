//! Objects of one resource as a client knows them: it writes each at the revision that it saw last.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard};

use crate::client::Kv;
use crate::error::HarnessError;
use crate::session::{Operation, Session};
use crate::shape;
use crate::workload::Done;

/// A stride without a common divisor with any round number of keys, so that neighbours in time are not neighbours in order.
const STRIDE: usize = 7919;

/// Objects of one resource, and the mod revision of each: 0 while it does not exist.
pub struct Objects {
    resource: &'static str,
    value_bytes: usize,
    // A lock each, held while a write is on its way: the next write of the same object needs its answer.
    revisions: Vec<Mutex<i64>>,
}

impl Objects {
    /// So many objects that do not exist yet.
    #[must_use]
    pub fn new(resource: &'static str, count: usize, value_bytes: usize) -> Arc<Self> {
        Arc::new(Self { resource, value_bytes, revisions: (0..count).map(|_| Mutex::new(0)).collect() })
    }

    /// How many there are at most.
    #[must_use]
    pub fn count(&self) -> usize {
        self.revisions.len()
    }

    /// The key of an object.
    #[must_use]
    pub fn key(&self, object: usize) -> Bytes {
        shape::key(self.resource, object)
    }

    /// The object that request `number` is about, in an order far from theirs.
    #[must_use]
    pub fn scattered(&self, number: usize) -> usize {
        number.wrapping_mul(STRIDE) % self.count()
    }

    /// Creates an object, with a lease unless that is 0.
    ///
    /// # Errors
    /// If the request fails, or the object was there.
    pub async fn create(&self, session: &Session, kv: &mut Kv, object: usize, lease: i64) -> Result<(), HarnessError> {
        let mut revision = self.revision(object).await;
        let request = shape::create(self.key(object), session.stamped_value(self.value_bytes), lease);
        let answer = kv.txn(request).await?.into_inner();
        if !answer.succeeded {
            return Err(HarnessError::unexpected("a key was there before it was created"));
        }
        *revision = answer.header.unwrap_or_default().revision;
        Ok(())
    }

    /// Updates an object.
    ///
    /// # Errors
    /// If the request fails, or somebody else has written it.
    pub async fn update(&self, session: &Session, kv: &mut Kv, object: usize) -> Result<(), HarnessError> {
        let mut revision = self.revision(object).await;
        let request = shape::update(self.key(object), *revision, session.stamped_value(self.value_bytes));
        let answer = kv.txn(request).await?.into_inner();
        expect_same(answer.succeeded)?;
        *revision = answer.header.unwrap_or_default().revision;
        Ok(())
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// If the request fails, or somebody else has written it.
    pub async fn delete(&self, kv: &mut Kv, object: usize) -> Result<(), HarnessError> {
        let mut revision = self.revision(object).await;
        let answer = kv.txn(shape::delete(self.key(object), *revision)).await?.into_inner();
        expect_same(answer.succeeded)?;
        *revision = 0;
        Ok(())
    }

    /// Reads an object.
    ///
    /// # Errors
    /// If the request fails, or does not show the last write.
    pub async fn get(&self, kv: &mut Kv, object: usize) -> Result<(), HarnessError> {
        let answer = kv.range(shape::get(self.key(object))).await?.into_inner();
        let known = *self.revision(object).await;
        // The server that does nothing finds nothing; of all others the object's own revision is expected.
        match answer.kvs.first() {
            Some(kv) if kv.mod_revision != known => {
                Err(HarnessError::unexpected("a read does not show the last write"))
            }
            None if known != 0 => Err(HarnessError::unexpected("a key is missing")),
            _ => Ok(()),
        }
    }

    /// Creates all that there are to be, by all workers.
    ///
    /// # Errors
    /// As those of [`Objects::create`].
    pub async fn create_all(self: &Arc<Self>, session: &Arc<Session>) -> Result<Done, HarnessError> {
        session.drive(session.plan.workers, self.count(), Create::of(self, session)).await
    }

    async fn revision(&self, object: usize) -> MutexGuard<'_, i64> {
        self.revisions[object].lock().await
    }
}

/// Creates the object of each number.
pub(crate) struct Create {
    session: Arc<Session>,
    objects: Arc<Objects>,
}

impl Create {
    pub(crate) fn of(objects: &Arc<Objects>, session: &Arc<Session>) -> Self {
        Self { session: Arc::clone(session), objects: Arc::clone(objects) }
    }
}

impl Operation for Create {
    async fn call(&self, kv: &mut Kv, number: usize) -> Result<(), HarnessError> {
        self.objects.create(&self.session, kv, number, 0).await
    }
}

fn expect_same(succeeded: bool) -> Result<(), HarnessError> {
    if succeeded {
        return Ok(());
    }
    Err(HarnessError::unexpected("a key had another revision than its last write"))
}
