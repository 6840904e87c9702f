//! Moving the write-ahead log into the file, off the write path.
//!
//! A passive checkpoint on a thread of its own copies what is committed so far while appends go on. It cannot make the log
//! start over if commits arrived meanwhile, so under constant load the log would grow for ever. Hence two steps: the thread
//! copies nearly everything, and when the log is long the writer itself copies the little that is left, between two groups;
//! its next group then starts at the log's beginning.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use backend_embedded::Queue;
use rusqlite::Connection;

use crate::failure::{Failure, Result};
use crate::shared::Shared;

/// The thread is woken when so much is not in the file yet.
const COPY_BYTES: u64 = 4 << 20;
/// The log starts over when it is this long, if the thread has copied nearly all.
const RESTART_BYTES: u64 = 16 << 20;
/// The log starts over when it is this long, whatever is left to copy.
const LIMIT_BYTES: u64 = 64 << 20;

thread_local! {
    /// Frames in the write-ahead log after this thread's last commit. SQLite's hook cannot carry a context.
    static FRAMES: Cell<u32> = const { Cell::new(0) };
}

/// What the writer and the checkpoint thread know of each other.
#[derive(Debug)]
pub(crate) struct Progress {
    wake: Queue<()>,
    working: AtomicBool,
    /// Frames of the current log that are in the file.
    copied: AtomicU32,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { wake: Queue::default(), working: AtomicBool::new(false), copied: AtomicU32::new(0) })
    }

    pub(crate) fn close(&self) {
        self.wake.close();
    }
}

/// The body of the checkpoint thread.
pub(crate) fn run(connection: &Connection, progress: &Progress, shared: &Shared) {
    let mut failing = false;
    while progress.wake.pop().is_some() {
        if !shared.known.is_poisoned() {
            match passive(connection) {
                Ok(copied) => {
                    progress.copied.store(copied, Ordering::Relaxed);
                    failing = false;
                }
                // Every append wakes this thread while the disk is full: once is enough.
                Err(failure) if failing && !failure.is_lasting() => {}
                Err(failure) => {
                    note(&failure, shared);
                    failing = true;
                }
            }
        }
        progress.working.store(false, Ordering::Release);
    }
}

/// The writer's side.
#[derive(Debug)]
pub(crate) struct WalKeeper {
    progress: Arc<Progress>,
    frame_bytes: u64,
    frames: u32,
    /// When the writer last tried by itself. A reader of old data may keep the log from starting over; then it tries
    /// again after some more commits, not after each.
    tried_at: u32,
}

impl WalKeeper {
    /// Counts the frames that `connection` commits on this thread.
    pub(crate) fn new(connection: &Connection, progress: Arc<Progress>, page_bytes: u64) -> Self {
        const FRAME_HEADER_BYTES: u64 = 24;
        connection.wal_hook(Some(|_, frames| {
            FRAMES.set(frames.cast_unsigned());
            Ok(())
        }));
        Self { progress, frame_bytes: page_bytes + FRAME_HEADER_BYTES, frames: 0, tried_at: 0 }
    }

    /// Called between groups.
    pub(crate) fn keep(&mut self, connection: &Connection, shared: &Shared) {
        if shared.known.is_poisoned() {
            return;
        }
        let frames = FRAMES.get();
        if frames < self.frames {
            self.progress.copied.store(0, Ordering::Relaxed);
            self.tried_at = 0;
        }
        self.frames = frames;
        let left = self.bytes(frames.saturating_sub(self.progress.copied.load(Ordering::Relaxed)));
        let working = self.progress.working.load(Ordering::Acquire);
        let long = self.bytes(frames);
        let nearly = long >= RESTART_BYTES && left < COPY_BYTES && !working;
        if (nearly || long >= LIMIT_BYTES) && self.bytes(frames - self.tried_at) >= COPY_BYTES {
            self.tried_at = frames;
            match passive(connection) {
                Ok(copied) => self.progress.copied.store(copied, Ordering::Relaxed),
                Err(failure) => note(&failure, shared),
            }
        } else if left >= COPY_BYTES && !working {
            self.progress.working.store(true, Ordering::Relaxed);
            // A closed queue means that the store is closing, which checkpoints anyway.
            let _ = self.progress.wake.push(());
        }
    }

    fn bytes(&self, frames: u32) -> u64 {
        u64::from(frames) * self.frame_bytes
    }
}

/// Copies what can be copied without waiting for anyone; answers how many frames of the log are in the file now.
fn passive(connection: &Connection) -> Result<u32> {
    let copied: i32 = connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |row| row.get(2))?;
    Ok(copied.max(0).cast_unsigned())
}

/// Copies everything and gives the log's space back, unless readers of old data are in the way.
pub(crate) fn truncate(connection: &Connection) -> Result<()> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// A full disk or a busy file is no harm: the log holds what is not copied. A failed flush is.
fn note(failure: &Failure, shared: &Shared) {
    if failure.is_lasting() {
        shared.known.poison(format!("moving the write-ahead log into the database failed: {failure}"));
    } else {
        tracing::warn!(%failure, "the write-ahead log could not be moved into the database; it will be tried again");
    }
}
