//! Waiting: for the writer, for what others have acknowledged, for a sweep.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Inner, Store};
use crate::error::StoreError;
use crate::machine::{Request, Response};
use crate::read::ReadError;
use crate::types::Revision;
use crate::writer::{Message, Work};

/// Memory that waiting requests may take, in KiB; beyond it callers wait their turn.
pub(super) const QUEUE_KIB: usize = 64 << 10;
/// How long a request waits for a storage that others share: etcd's, 5 s and two elections.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(7);
/// How often a read meets the sweep of another store before that is taken for damage.
const READ_TRIES: usize = 4;

impl Store {
    /// Reads do not meet the writer, and so have to look whether it has ended.
    pub(crate) fn check_open(&self) -> Result<(), StoreError> {
        if self.inner.queue.is_closed() { Err(StoreError::Stopped) } else { Ok(()) }
    }

    /// Hands a request of about `bytes` to the writer and waits until what it did is durable.
    pub(crate) async fn ask(&self, request: Request, bytes: usize) -> Result<Response, StoreError> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX).min(QUEUE_KIB as u32);
        let queued = Arc::clone(&self.inner.queued_kib);
        let permit = queued.acquire_many_owned(kib).await.map_err(|_| StoreError::Stopped)?;
        let _waiting = self.inner.counters.wait();
        let (reply, answer) = oneshot::channel();
        let access = self.access.clone();
        let work = Work { request, access, reply: Some(reply), _permit: Some(permit) };
        self.inner.queue.try_send(Message::Work(work)).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => StoreError::TooManyRequests,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
        })?;
        let stopped = || StoreError::Unknown("the store was closed before the answer".into());
        let answer = async { answer.await.unwrap_or_else(|_| Err(stopped())) };
        // A disk answers or fails; a database may be out of reach for long.
        let answer = if self.inner.read_index.is_some() { in_time(answer).await } else { answer.await };
        if let Err(StoreError::Unknown(_) | StoreError::Refused(_) | StoreError::Failed(_)) = &answer {
            self.inner.counters.failed.increment();
        }
        answer
    }

    /// Waits until nothing dead is left at `revision`.
    pub(crate) async fn swept(&self, revision: Revision) -> Result<(), StoreError> {
        let mut swept = self.inner.swept.clone();
        swept.wait_for(|through| *through >= revision).await.map(drop).map_err(|_| StoreError::Stopped)
    }
}

impl Inner {
    /// Waits until what is published includes everything that was acknowledged by anyone before this was called. Answers whether
    /// anything may have changed by that: where nobody else writes it is there already.
    pub(crate) async fn linearize(&self) -> Result<bool, StoreError> {
        let Some(read_index) = &self.read_index else { return Ok(false) };
        in_time(async {
            let end = read_index.end().await?;
            self.shared.reached(end).await;
            Ok(true)
        })
        .await
    }

    /// Reads, and if something was missing once more, by when the compaction that removed it is known here: what was asked for is
    /// compacted, or newer keys are read. Where nobody else sweeps, what is missing is lost.
    pub(crate) async fn unswept<T, R>(&self, read: impl Fn() -> R) -> Result<T, StoreError>
    where
        R: Future<Output = Result<T, ReadError>>,
    {
        for _ in 1..READ_TRIES {
            match read().await {
                Err(ReadError::Missing) if self.linearize().await? => {}
                done => return Ok(done?),
            }
        }
        Ok(read().await?)
    }
}

/// What is not answered in this time is not known to have happened.
pub(super) async fn in_time<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unknown("the storage did not answer in time".into());
    tokio::time::timeout(REQUEST_TIMEOUT, answer).await.map_err(late)?
}
