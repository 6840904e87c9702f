//! Work for threads.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// A queue from async callers to threads. Pushing never waits: each caller waits for its own answer, so what is
/// queued is bounded by the callers.
#[derive(Debug)]
pub struct Queue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

/// The queue was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State { items: VecDeque::new(), closed: false }), ready: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Adds an item at the end.
    ///
    /// # Errors
    /// If the queue is closed.
    pub fn push(&self, item: T) -> Result<(), Closed> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Closed);
        }
        state.items.push_back(item);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for the next item; `None` once the queue is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            self.ready.wait(&mut state);
        }
    }

    /// Lets nothing in any more; what is in it is still worked on.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_all();
    }

    /// Closes, and drops what is in it: there is nobody left to work on it.
    fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let items = std::mem::take(&mut state.items);
        drop(state);
        drop(items);
        self.ready.notify_all();
    }
}

/// A worker's end of a queue, or the end that several workers share. When it goes, by a panic too, the queue is closed and what
/// is in it dropped: nobody may wait for an answer that will not come.
#[derive(Debug)]
pub struct Worker<T>(Arc<Queue<T>>);

impl<T> Worker<T> {
    /// The end of this queue.
    #[must_use]
    pub fn new(queue: &Arc<Queue<T>>) -> Self {
        Self(Arc::clone(queue))
    }
}

impl<T> Deref for Worker<T> {
    type Target = Queue<T>;

    fn deref(&self) -> &Queue<T> {
        &self.0
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_leaves_behind_when_it_panics_is_dropped() {
        let queue = Arc::new(Queue::default());
        let waiting = Arc::new(());
        queue.push(Arc::clone(&waiting)).expect("it is open");
        let worker = Worker::new(&queue);
        let thread = std::thread::spawn(move || {
            let _worker = worker;
            std::panic::resume_unwind(Box::new("at work"));
        });
        thread.join().expect_err("it panics");
        assert_eq!(Arc::strong_count(&waiting), 1);
        assert_eq!(queue.push(waiting), Err(Closed));
    }
}
