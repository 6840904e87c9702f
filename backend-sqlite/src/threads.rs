//! The threads of an open file: started together, stopped in order.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use backend_embedded::{FileLock, Query, Queue, Worker, join, on_thread};
use rusqlite::Connection;

use crate::checkpoint::{self, Progress};
use crate::connection::{open_checkpointer, open_reader, open_writer, page_bytes, size};
use crate::error::OpenError;
use crate::failure::Failure;
use crate::file::Prepared;
use crate::options::SqliteOptions;
use crate::reader;
use crate::shared::Shared;
use crate::writer::{Command, Writer};

/// One may be busy with a long scan; then the other still answers.
const READERS: usize = 2;

/// The threads and the queues they work on. Dropping them answers what was asked, closes every connection, and only then lets go
/// of the lock.
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
            commands: Arc::default(),
            queries: Arc::default(),
            progress: Progress::new(),
            writer: None,
            others: Vec::new(),
            _lock: lock,
        };
        threads.spawn(connections, options.flushes()).map_err(OpenError::io("start a thread for", &path))?;
        Ok((threads, shared))
    }

    fn spawn(&mut self, connections: Connections, flush: bool) -> std::io::Result<()> {
        let Connections { shared, page_bytes, writer, readers, checkpointer } = connections;
        let queries = Arc::new(Worker::new(&self.queries));
        for connection in readers {
            let queries = Arc::clone(&queries);
            self.others.push(on_thread("sqlite-reader", move || reader::run(&connection, &queries))?);
        }
        let (progress, sharing) = (Arc::clone(&self.progress), Arc::clone(&shared));
        let run = move || checkpoint::run(&checkpointer, &progress, &sharing);
        self.others.push(on_thread("sqlite-checkpoint", run)?);
        let (progress, commands) = (Arc::clone(&self.progress), Worker::new(&self.commands));
        let run = move || Writer::new(writer, shared, progress, page_bytes, flush).run(&commands);
        self.writer = Some(on_thread("sqlite-writer", run)?);
        Ok(())
    }
}

/// The writer goes last: the last connection of a file checkpoints it, which those that only read cannot.
impl Drop for Threads {
    fn drop(&mut self) {
        self.queries.close();
        self.progress.close();
        self.others.drain(..).for_each(join);
        self.commands.close();
        self.writer.take().into_iter().for_each(join);
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
