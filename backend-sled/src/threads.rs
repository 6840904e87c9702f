//! The threads of an open store: started together, stopped in order.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crate::lock::FileLock;
use crate::queue::Queue;
use crate::reader::{self, Query};
use crate::shared::Shared;
use crate::writer::{Command, Writer};

/// One may be busy with a long scan; then the other still answers.
const READERS: usize = 2;

/// The threads and the queues they work on.
#[derive(Debug)]
pub(crate) struct Threads {
    pub(crate) commands: Arc<Queue<Command>>,
    pub(crate) queries: Arc<Queue<Query>>,
    running: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
    _lock: FileLock,
}

impl Threads {
    pub(crate) fn start(shared: &Arc<Shared>, lock: FileLock) -> std::io::Result<Self> {
        let mut threads = Self {
            commands: Arc::new(Queue::new()),
            queries: Arc::new(Queue::new()),
            running: Vec::new(),
            shared: Arc::clone(shared),
            _lock: lock,
        };
        match threads.spawn() {
            Ok(()) => Ok(threads),
            Err(error) => {
                threads.stop();
                Err(error)
            }
        }
    }

    fn spawn(&mut self) -> std::io::Result<()> {
        let queries = Arc::new(Abandon(Arc::clone(&self.queries)));
        for _ in 0..READERS {
            let (queries, shared) = (Arc::clone(&queries), Arc::clone(&self.shared));
            self.running.push(on_thread("sled-reader", move || reader::run(&shared, &queries.0))?);
        }
        let (queue, writer) = (Abandon(Arc::clone(&self.commands)), Writer::new(Arc::clone(&self.shared)));
        self.running.push(on_thread("sled-writer", move || writer.run(&queue.0))?);
        Ok(())
    }

    /// Answers what was asked, closes sled, and only then lets go of the lock.
    pub(crate) fn stop(self) {
        self.queries.close();
        self.commands.close();
        self.running.into_iter().for_each(join);
        self.shared.close();
    }
}

/// Closes a queue when its last worker goes, by a panic too: nobody may wait for an answer that will not come.
struct Abandon<T>(Arc<Queue<T>>);

impl<T> Drop for Abandon<T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the sled store panicked");
    }
}

/// A named thread.
pub(crate) fn on_thread(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(body)
}
