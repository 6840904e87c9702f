//! The one thread that changes the file.

mod append;
mod compact;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use backend_embedded::{Queue, Reply};
use rusqlite::Connection;
use storage_core::backend::{AppendOutcome, BackendError, Bounds, CompactStep};
use storage_core::commit::Group;
use storage_core::{Position, Size};

use crate::checkpoint::{self, WalKeeper};
use crate::connection::{set_flush, size};
use crate::failure::{Failure, Result};
use crate::shared::Shared;

/// Free pages given back in one transaction: a few milliseconds that an append may wait.
const VACUUM_PAGES: u32 = 128;

/// What the writer can be asked for.
#[derive(Debug)]
pub(crate) enum Command {
    Append {
        expected: Position,
        group: Group,
        reply: Reply<AppendOutcome>,
    },
    Compact {
        step: CompactStep,
        reply: Reply<()>,
    },
    /// Gives some free pages back; answers whether there are more.
    Vacuum {
        reply: Reply<bool>,
    },
    /// Moves the whole write-ahead log into the file.
    Truncate {
        reply: Reply<()>,
    },
}

/// Owns the connection that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    shared: Arc<Shared>,
    wal: WalKeeper,
    page_bytes: u64,
    flush: bool,
}

impl Writer {
    /// Must be called on the thread that will [`run`](Self::run) it.
    pub(crate) fn new(
        connection: Connection,
        shared: Arc<Shared>,
        progress: Arc<checkpoint::Progress>,
        page_bytes: u64,
        flush: bool,
    ) -> Self {
        let wal = WalKeeper::new(&connection, progress, page_bytes);
        Self { connection, shared, wal, page_bytes, flush }
    }

    /// Works until the queue is closed and empty, then closes the connection.
    pub(crate) fn run(mut self, queue: &Queue<Command>) {
        while let Some(command) = queue.pop() {
            self.serve(command);
            self.wal.keep(&self.connection, &self.shared);
        }
        self.close();
    }

    /// A caller that went away does not need the answer.
    fn serve(&self, command: Command) {
        match command {
            Command::Append { expected, group, reply } => drop(reply.send(self.append(expected, &group))),
            Command::Compact { step, reply } => drop(reply.send(self.compact(&step))),
            Command::Vacuum { reply } => drop(reply.send(self.vacuum())),
            Command::Truncate { reply } => drop(reply.send(self.truncate())),
        }
    }

    fn append(&self, expected: Position, group: &Group) -> std::result::Result<AppendOutcome, BackendError> {
        self.shared.known.check_poison()?;
        let Bounds { position, .. } = self.shared.known.bounds();
        if position != expected {
            return Ok(AppendOutcome::Conflict { position });
        }
        let began = Instant::now();
        let (size, bytes, written) = self.transaction(|connection| {
            let bytes = append::insert(connection, group)?;
            Ok((size(connection, self.page_bytes)?, bytes, Instant::now()))
        })?;
        // Where nothing is flushed, a commit is no flush.
        let flush = self.flush.then(|| written.elapsed());
        self.shared.known.count_append(written - began, flush, bytes);
        let last = group.last().expect("a group is not empty");
        self.shared.set_size(size);
        self.shared.known.publish(Bounds { position: last.position, revision: last.revision });
        Ok(AppendOutcome::Appended)
    }

    fn compact(&self, step: &CompactStep) -> std::result::Result<(), BackendError> {
        let last = self.shared.known.bounds().revision;
        self.unhurried(|connection| compact::remove(connection, step, last))
    }

    fn vacuum(&self) -> std::result::Result<bool, BackendError> {
        let before = self.shared.size();
        self.unhurried(vacuum)?;
        let Size { allocated, in_use } = self.shared.size();
        Ok(allocated > in_use && allocated < before.allocated)
    }

    fn truncate(&self) -> std::result::Result<(), BackendError> {
        self.shared.known.check_poison()?;
        checkpoint::truncate(&self.connection).map_err(|failure| {
            if failure.is_lasting() {
                self.shared.known.poison(format!("moving the write-ahead log into the database failed: {failure}"));
            }
            failure.unchanged()
        })
    }

    /// A transaction that need not survive a power failure, for it can be done again: the next append's flush, or the next
    /// checkpoint's, covers it. It saves a flush that appends would wait for.
    fn unhurried(&self, work: impl FnOnce(&Connection) -> Result<()>) -> std::result::Result<(), BackendError> {
        self.shared.known.check_poison()?;
        let size = if self.flush {
            set_flush(&self.connection, false).map_err(Failure::unchanged)?;
            let size = self.transaction(|c| work(c).and_then(|()| size(c, self.page_bytes)));
            if let Err(failure) = set_flush(&self.connection, true) {
                self.shared.known.poison(format!("durability could not be restored: {failure}"));
            }
            size?
        } else {
            self.transaction(|c| work(c).and_then(|()| size(c, self.page_bytes)))?
        };
        self.shared.set_size(size);
        Ok(())
    }

    /// All of `work` or nothing. A failure that leaves the outcome open, or the file in doubt, poisons.
    fn transaction<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> std::result::Result<T, BackendError> {
        if let Err(failure) = self.execute("BEGIN IMMEDIATE") {
            if failure.is_lasting() {
                self.shared.known.poison(format!("a transaction could not begin: {failure}"));
            }
            return Err(failure.unchanged());
        }
        let failure = match work(&self.connection).and_then(|value| self.execute("COMMIT").map(|()| value)) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        // SQLite may have rolled back already.
        let rolled_back = self.connection.is_autocommit() || self.execute("ROLLBACK").is_ok();
        if failure.is_lasting() || !rolled_back {
            self.shared.known.poison(format!("a write failed: {failure}"));
            self.shared.known.check_poison()?;
        }
        Err(failure.unchanged())
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn close(self) {
        if self.shared.known.is_poisoned() {
            // Closing would checkpoint. What a failed flush left in the write-ahead log must be judged afresh by the next open.
            let off = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            if let Err(error) = self.connection.set_db_config(off, true) {
                tracing::warn!(%error, "the write-ahead log may be checkpointed after a failed flush");
            }
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database was not closed cleanly; nothing is lost");
        }
    }
}

/// Each step of this pragma's statement frees one page.
fn vacuum(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
