//! Linearizable reads of a log that others append to.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::backend::{Backend, BackendError};
use crate::error::StoreError;
use crate::types::Position;

/// Reads that may wait to be told; more wait for room.
const QUEUE: usize = 1024;

type Answer = Result<Position, StoreError>;

/// Asks the log where it ends, once for all reads that wait: etcd's read index. A read that comes while the question is on its way
/// needs the next one, since the answer may be older than the read.
#[derive(Debug)]
pub(crate) struct ReadIndex {
    waiting: mpsc::Sender<oneshot::Sender<Answer>>,
}

impl ReadIndex {
    /// What reads ask, and what asks the log for them.
    pub(crate) fn new(backend: Arc<dyn Backend>) -> (Self, impl Future<Output = ()> + Send) {
        let (waiting, requests) = mpsc::channel(QUEUE);
        (Self { waiting }, run(backend, requests))
    }

    /// A position that includes all that was acknowledged before this was called.
    pub(crate) async fn end(&self) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.waiting.send(reply).await.map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

async fn run(backend: Arc<dyn Backend>, mut requests: mpsc::Receiver<oneshot::Sender<Answer>>) {
    let mut waiting = Vec::new();
    while requests.recv_many(&mut waiting, QUEUE).await > 0 {
        let end = backend.end().await;
        for reply in waiting.drain(..) {
            // A reader that went away does not want to know.
            let _ = reply.send(answer(&end));
        }
    }
}

fn answer(end: &Result<Position, BackendError>) -> Answer {
    end.as_ref().copied().map_err(StoreError::from_read)
}
