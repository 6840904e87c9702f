use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use hyper::rt::Executor;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the streams of a connection within the connection's own task.
///
/// What belongs to one connection is read together and written together: requests that arrive together are answered
/// by one write, and a group of writes that becomes durable at once wakes one task and not one for each of them.
/// Whatever computes for long must go elsewhere, lest the connection's other streams wait.
#[derive(Clone, Default)]
pub(super) struct LocalExecutor {
    /// Streams that the connection has accepted since it was last polled.
    accepted: Arc<Mutex<Vec<Task>>>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(future));
    }
}

impl LocalExecutor {
    /// The connection together with its streams. Both end with the connection.
    pub(super) fn drive<C: Future>(self, connection: Pin<&mut C>) -> Driver<'_, C> {
        Driver { connection, accepted: self.accepted, running: FuturesUnordered::new() }
    }
}

/// See [`LocalExecutor::drive`].
pub(super) struct Driver<'a, C> {
    connection: Pin<&'a mut C>,
    accepted: Arc<Mutex<Vec<Task>>>,
    running: FuturesUnordered<Task>,
}

impl<C> Driver<'_, C> {
    /// The connection, to tell it something.
    pub(super) fn connection(&mut self) -> Pin<&mut C> {
        self.connection.as_mut()
    }

    /// Runs the streams as far as they go. Whether one of them ended, and so has something to be written.
    fn run_streams(&mut self, cx: &mut Context<'_>) -> bool {
        let mut ended = false;
        let accepted = mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
        for mut task in accepted {
            // Most end at once; the others are polled once more, which makes their waker known.
            match task.as_mut().poll(cx) {
                Poll::Ready(()) => ended = true,
                Poll::Pending => self.running.push(task),
            }
        }
        while let Poll::Ready(Some(())) = self.running.poll_next_unpin(cx) {
            ended = true;
        }
        ended
    }
}

impl<C: Future> Future for Driver<'_, C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let this = self.get_mut();
        loop {
            if let Poll::Ready(output) = this.connection.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            if !this.run_streams(cx) {
                return Poll::Pending;
            }
        }
    }
}
