//! sled itself, opened as we need it.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use sled::{Batch, Config, Db, Tree};

use crate::failure::{Result, guarded};
use crate::record::SEGMENT_BYTES;

/// The file that sled keeps its log in.
const LOG: &str = "db";
/// What sled names a snapshot of its page table until it is written whole.
const UNFINISHED: &str = ".generating";

/// A handle of an open sled; clones are the same one.
#[derive(Clone)]
pub(crate) struct Database {
    db: Db,
    log: Arc<File>,
}

/// sled's own would print all keys and values.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// Opens or creates it.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        guarded(|| {
            remove_unfinished(path)?;
            let config = Config::new()
                .path(path)
                .cache_capacity(cache_bytes)
                // It would flush now and then on a thread of its own, and ignore failures.
                .flush_every_ms(None)
                .segment_size(SEGMENT_BYTES);
            let db = config.open()?;
            let log = Arc::new(File::open(path.join(LOG))?);
            let database = Self { db, log };
            // What sled has recovered, created or renamed it has not made sure of.
            database.flush()?;
            for entry in path.read_dir()? {
                File::open(entry?.path())?.sync_all()?;
            }
            File::open(path)?.sync_all()?;
            Ok(database)
        })
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.db
    }

    /// All of `batch` becomes visible at once, to those who look up one key; durable it is after the next [`flush`](Self::flush).
    pub(crate) fn apply(&self, batch: Batch) -> Result<()> {
        guarded(|| Ok(self.db.apply_batch(batch)?))
    }

    /// Makes durable what was applied. On Linux sled only has the system write its pages (`sync_file_range`), which no power
    /// failure need respect, so the file is flushed once more.
    pub(crate) fn flush(&self) -> Result<()> {
        guarded(|| {
            self.db.flush()?;
            Ok(self.log.sync_data()?)
        })
    }

    /// The size of its log.
    pub(crate) fn allocated_bytes(&self) -> Result<u64> {
        Ok(self.log.metadata()?.len())
    }

    /// Lets go of it, which panics where sled cannot write what it still has. Once the last handle is closed it can be opened again
    /// at once.
    pub(crate) fn close(self) -> Result<()> {
        guarded(|| {
            let Self { db, log } = self;
            drop(db);
            // Threads of sled's have its file, and with it sled's lock, for a moment longer.
            if let Some(log) = Arc::into_inner(log) {
                log.lock()?;
                log.unlock()?;
            }
            Ok(())
        })
    }
}

/// A crash while sled writes a snapshot leaves a part of it, which the next start would take for the newest and call corrupt.
/// Without it that start reads on from the snapshot before.
fn remove_unfinished(path: &Path) -> std::io::Result<()> {
    let entries = match path.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("snap.") && name.ends_with(UNFINISHED)) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_closed_can_be_opened_at_once() {
        let directory = tempfile::tempdir().expect("a temporary folder");
        for round in 0..100_u64 {
            let database = Database::open(directory.path(), 1 << 20).expect("nobody has it");
            let mut batch = Batch::default();
            batch.insert(&round.to_be_bytes(), vec![0; 50_000]);
            database.apply(batch).expect("it is applied");
            database.flush().expect("it is flushed");
            database.close().expect("it closes");
        }
    }
}
