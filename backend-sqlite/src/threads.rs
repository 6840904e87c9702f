//! The threads of an open file: started together, stopped in order.

use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use crate::checkpoint::{self, Progress};
use crate::connection::{open_checkpointer, open_reader, open_writer, page_bytes, size};
use crate::error::OpenError;
use crate::failure::Failure;
use crate::file::Prepared;
use crate::lock::FileLock;
use crate::options::SqliteOptions;
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
    progress: Arc<Progress>,
    writer: Option<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    _lock: FileLock,
}

impl Threads {
    /// Opens a connection for each and starts them.
    pub(crate) fn start(prepared: Prepared, options: &SqliteOptions) -> Result<(Self, Arc<Shared>), OpenError> {
        let Prepared { path, lock } = prepared;
        let connections = Connections::open(&path, options).map_err(OpenError::sqlite(&path))?;
        let shared = Arc::clone(&connections.shared);
        let mut threads = Self {
            commands: Arc::new(Queue::new()),
            queries: Arc::new(Queue::new()),
            progress: Progress::new(),
            writer: None,
            others: Vec::new(),
            _lock: lock,
        };
        match threads.spawn(connections, options.flushes()) {
            Ok(()) => Ok((threads, shared)),
            Err(error) => {
                threads.stop();
                Err(OpenError::io("start a thread for", &path)(error))
            }
        }
    }

    fn spawn(&mut self, connections: Connections, flush: bool) -> std::io::Result<()> {
        let Connections { shared, page_bytes, writer, readers, checkpointer } = connections;
        let queries = Arc::new(Abandon(Arc::clone(&self.queries)));
        for connection in readers {
            let queries = Arc::clone(&queries);
            self.others.push(on_thread("sqlite-reader", move || reader::run(&connection, &queries.0))?);
        }
        let (progress, sharing) = (Arc::clone(&self.progress), Arc::clone(&shared));
        let run = move || checkpoint::run(&checkpointer, &progress, &sharing);
        self.others.push(on_thread("sqlite-checkpoint", run)?);
        let (progress, queue) = (Arc::clone(&self.progress), Abandon(Arc::clone(&self.commands)));
        let run = move || Writer::new(writer, shared, progress, page_bytes, flush).run(&queue.0);
        self.writer = Some(on_thread("sqlite-writer", run)?);
        Ok(())
    }

    /// Answers what was asked, closes every connection, and only then lets go of the lock. The writer goes last: the last
    /// connection of a file checkpoints it, which those that only read cannot.
    pub(crate) fn stop(self) {
        self.queries.close();
        self.progress.close();
        self.others.into_iter().for_each(join);
        self.commands.close();
        self.writer.into_iter().for_each(join);
    }
}

/// What the threads will own. Opened before any of them starts, so that a file that cannot be read fails the opening.
struct Connections {
    shared: Arc<Shared>,
    page_bytes: u64,
    writer: Connection,
    readers: Vec<Connection>,
    checkpointer: Connection,
}

impl Connections {
    fn open(path: &Path, options: &SqliteOptions) -> Result<Self, Failure> {
        let writer = open_writer(path, options.busy_timeout, options.flushes())?;
        let page_bytes = page_bytes(&writer)?;
        let shared = Arc::new(Shared::new(reader::bounds(&writer)?, size(&writer, page_bytes)?));
        let readers: Result<_, _> = (0..READERS).map(|_| open_reader(path, options.busy_timeout)).collect();
        let checkpointer = open_checkpointer(path, options.flushes())?;
        Ok(Self { shared, page_bytes, writer, readers: readers?, checkpointer })
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
        tracing::error!("a thread of the database file panicked");
    }
}

/// A named thread.
pub(crate) fn on_thread(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name(name.into()).spawn(body)
}
