//! Calls of an open store, until it is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use storage_core::backend::{BackendError, Cause};
use tokio::sync::oneshot;

use crate::queries::{Query, Reply};
use crate::queue::{Closed, Queue};
use crate::threads::on_thread;

/// Hands calls to the threads of a store: the writer takes `C`, the readers [`Query`]. Dropping the threads, `T`, must answer what
/// was asked and let go of the store; closing, or dropping this, does so and waits.
#[derive(Debug)]
pub struct Calls<C, T> {
    closed: AtomicBool,
    commands: Arc<Queue<C>>,
    queries: Arc<Queue<Query>>,
    threads: Arc<Mutex<Option<T>>>,
}

impl<C, T: Send + 'static> Calls<C, T> {
    /// Of threads that work on these queues.
    #[must_use]
    pub fn new(commands: Arc<Queue<C>>, queries: Arc<Queue<Query>>, threads: T) -> Self {
        Self { closed: AtomicBool::new(false), commands, queries, threads: Arc::new(Mutex::new(Some(threads))) }
    }

    /// Asks the writer.
    ///
    /// # Errors
    /// What the writer answers, or that the store is closed.
    pub async fn command<A>(&self, make: impl FnOnce(Reply<A>) -> C) -> Result<A, BackendError> {
        self.check_open()?;
        ask(&self.commands, make).await
    }

    /// Asks a reader.
    ///
    /// # Errors
    /// What the reader answers, or that the store is closed.
    pub async fn query<A>(&self, make: impl FnOnce(Reply<A>) -> Query) -> Result<A, BackendError> {
        self.check_open()?;
        ask(&self.queries, make).await
    }

    /// Runs what lasts on a thread of its own, which goes on even if the caller goes away. Closing does not wait for it.
    ///
    /// # Errors
    /// If the store is closed, or there is no thread for it.
    pub async fn at_length<A: Send + 'static>(
        &self,
        thread: &str,
        work: impl FnOnce() -> A + Send + 'static,
    ) -> Result<A, BackendError> {
        self.check_open()?;
        let (reply, answer) = oneshot::channel();
        on_thread(thread, move || drop(reply.send(work())))
            .map_err(|e| BackendError::Determinate(Cause::with_source("no thread to work on", e)))?;
        answer.await.map_err(|_| closed())
    }

    /// Passes until the store is closed.
    ///
    /// # Errors
    /// That it is.
    pub fn check_open(&self) -> Result<(), BackendError> {
        if self.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(()) }
    }

    /// Lets no more calls in and waits for the threads.
    ///
    /// # Errors
    /// If the runtime ends meanwhile.
    pub async fn close(&self) -> Result<(), BackendError> {
        self.closed.store(true, Ordering::Release);
        let threads = Arc::clone(&self.threads);
        // Locked meanwhile, so that whoever closes at the same time also returns when it is done.
        let stop = move || *threads.lock() = None;
        tokio::task::spawn_blocking(stop)
            .await
            .map_err(|e| BackendError::Fatal(Cause::with_source("closing was interrupted", e)))
    }
}

impl<C, T> Drop for Calls<C, T> {
    fn drop(&mut self) {
        *self.threads.lock() = None;
    }
}

async fn ask<Q, A>(queue: &Queue<Q>, make: impl FnOnce(Reply<A>) -> Q) -> Result<A, BackendError> {
    let (reply, answer) = oneshot::channel();
    queue.push(make(reply)).map_err(|Closed| closed())?;
    answer.await.unwrap_or_else(|_| Err(closed()))
}

/// The error of every call once a store is closed.
#[must_use]
pub fn closed() -> BackendError {
    BackendError::fatal("the store is closed")
}
