//! The threads of an open store: started together, stopped in order.

use std::sync::Arc;
use std::thread::JoinHandle;

use backend_embedded::{FileLock, Query, Queue, Worker, join, on_thread};

use crate::reader;
use crate::shared::Shared;
use crate::writer::{Command, Writer};

/// One may be busy with a long scan; then the other still answers.
const READERS: usize = 2;

/// The threads and the queues they work on. Dropping them answers what was asked, closes sled, and only then lets go of the lock.
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
            commands: Arc::default(),
            queries: Arc::default(),
            running: Vec::new(),
            shared: Arc::clone(shared),
            _lock: lock,
        };
        threads.spawn()?;
        Ok(threads)
    }

    fn spawn(&mut self) -> std::io::Result<()> {
        let queries = Arc::new(Worker::new(&self.queries));
        for _ in 0..READERS {
            let (queries, shared) = (Arc::clone(&queries), Arc::clone(&self.shared));
            self.running.push(on_thread("sled-reader", move || reader::run(&shared, &queries))?);
        }
        let (commands, writer) = (Worker::new(&self.commands), Writer::new(Arc::clone(&self.shared)));
        self.running.push(on_thread("sled-writer", move || writer.run(&commands))?);
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queries.close();
        self.commands.close();
        self.running.drain(..).for_each(join);
        self.shared.close();
    }
}
