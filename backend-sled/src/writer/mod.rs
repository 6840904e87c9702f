//! The one thread that changes the tree.

mod append;
mod compact;

use std::sync::Arc;
use std::time::Instant;

use backend_embedded::{Queue, Reply};
use storage_core::Position;
use storage_core::backend::{AppendOutcome, BackendError, Bounds, Cause, CompactStep};
use storage_core::commit::Group;

use crate::database::Database;
use crate::defragment::Draft;
use crate::failure::{Failure, Result, guarded};
use crate::reader::load::{Picture, controls};
use crate::shared::Shared;

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
    /// The end of the log, and the control records there.
    Picture {
        reply: Reply<Picture>,
    },
    /// Puts a copy into the place of what is open.
    Replace {
        draft: Draft,
        reply: Reply<()>,
    },
}

/// Owns all writing.
#[derive(Debug)]
pub(crate) struct Writer {
    shared: Arc<Shared>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(self, queue: &Queue<Command>) {
        while let Some(command) = queue.pop() {
            self.serve(command);
        }
    }

    /// A caller that went away does not need the answer.
    fn serve(&self, command: Command) {
        match command {
            Command::Append { expected, group, reply } => drop(reply.send(self.append(expected, &group))),
            Command::Compact { step, reply } => drop(reply.send(self.compact(&step))),
            Command::Picture { reply } => drop(reply.send(self.picture())),
            Command::Replace { draft, reply } => drop(reply.send(self.replace(draft))),
        }
    }

    fn append(&self, expected: Position, group: &Group) -> std::result::Result<AppendOutcome, BackendError> {
        self.shared.known.check_poison()?;
        let Bounds { position, .. } = self.shared.known.bounds();
        if position != expected {
            return Ok(AppendOutcome::Conflict { position });
        }
        let began = Instant::now();
        let appended = self.change(|database| {
            let (batch, bytes) = guarded(|| append::batch(database.tree(), group))?;
            self.apply(batch)?;
            let applied = Instant::now();
            database.flush()?;
            Ok((bytes, applied))
        });
        let (bytes, applied) = appended?;
        self.shared.known.count_append(applied - began, Some(applied.elapsed()), bytes);
        self.shared.count_use(bytes, 0);
        let last = group.last().expect("a group is not empty");
        self.shared.known.publish(Bounds { position: last.position, revision: last.revision });
        Ok(AppendOutcome::Appended)
    }

    /// Not flushed: it can be done again, and the next append's flush covers it.
    fn compact(&self, step: &CompactStep) -> std::result::Result<(), BackendError> {
        self.shared.known.check_poison()?;
        let last = self.shared.known.bounds().revision;
        let removed = self.change(|database| {
            let removal = guarded(|| compact::removal(database.tree(), step, last))?;
            if !removal.is_empty {
                self.apply(removal.batch)?;
            }
            Ok(removal.bytes)
        })?;
        self.shared.count_use(0, removed);
        Ok(())
    }

    fn picture(&self) -> std::result::Result<Picture, BackendError> {
        // What was applied and not flushed would be in it.
        self.shared.known.check_poison()?;
        let database = self.shared.read()?;
        let controls = guarded(|| controls(database.tree())).map_err(Failure::of_read)?;
        Ok(Picture { end: self.shared.known.bounds(), controls })
    }

    fn replace(&self, draft: Draft) -> std::result::Result<(), BackendError> {
        self.shared.known.check_poison()?;
        let picture = self.picture()?;
        let mut database = self.shared.write()?;
        let old = draft.finish(&mut database, picture).map_err(|failure| match failure {
            Failure::Unsynced(_) => {
                self.shared.known.poison(format!("the store was defragmented, but {failure}"));
                BackendError::Fatal(Cause::with_source("sled could not defragment; restart to try again", failure))
            }
            failure => BackendError::Determinate(Cause::with_source("the store could not be defragmented", failure)),
        })?;
        self.note_allocated(&database);
        drop(database);
        if let Err(failure) = old.close() {
            tracing::warn!(%failure, "the store before it was defragmented was not closed cleanly; nothing is lost");
        }
        Ok(())
    }

    /// sled cannot take back what it has begun: after any failure only opening it again tells what is on the disk.
    fn change<T>(&self, work: impl FnOnce(&Database) -> Result<T>) -> std::result::Result<T, BackendError> {
        let database = self.shared.open_database()?;
        let changed = work(&database);
        self.note_allocated(&database);
        changed.map_err(|failure| {
            self.shared.known.poison(format!("a write failed: {failure}"));
            BackendError::Fatal(Cause::with_source("sled could not write; restart to try again", failure))
        })
    }

    fn apply(&self, batch: sled::Batch) -> Result<()> {
        // Closing waits for this thread.
        self.shared.write().map_err(|_| Failure::GaveUp)?.apply(batch)
    }

    fn note_allocated(&self, database: &Database) {
        if let Ok(bytes) = database.allocated_bytes() {
            self.shared.set_allocated(bytes);
        }
    }
}
