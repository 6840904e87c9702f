//! Giving space back. sled reuses free space in its log but does not shrink it, so the log is written anew beside itself while
//! appends go on, and the two change places between two groups.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use storage_core::Position;
use tokio::sync::OwnedRwLockWriteGuard;

use crate::copy;
use crate::database::Database;
use crate::failure::{Failure, Result, guarded};
use crate::file::{self, DATA, DRAFT};
use crate::reader::load::Picture;

/// A copy in the making. It is removed unless it has taken the place of the original.
#[derive(Debug)]
pub(crate) struct Draft {
    directory: PathBuf,
    database: Option<Database>,
    /// How far it goes.
    end: Position,
    /// Whether what lies beside the store has to stay there.
    is_kept: bool,
    /// The last field: another copy may be begun once this one is removed, and not before, whoever gave up waiting for it.
    _alone: OwnedRwLockWriteGuard<()>,
}

impl Draft {
    /// An empty copy for the store in `directory`.
    pub(crate) fn new(alone: OwnedRwLockWriteGuard<()>, directory: &Path, cache_bytes: u64) -> Result<Self> {
        file::remove_draft(directory)?;
        let mut draft =
            Self { directory: directory.into(), database: None, end: Position(0), is_kept: false, _alone: alone };
        file::mark(&directory.join(DRAFT))?;
        draft.database = Some(Database::open(&directory.join(DRAFT), cache_bytes)?);
        Ok(draft)
    }

    /// Copies the commits up to `end`; answers how many positions that was.
    pub(crate) fn follow(&mut self, from: &Database, end: Position) -> Result<u64> {
        let to = self.database();
        guarded(|| copy::commits(from.tree(), to, self.end, end).and_then(|()| to.flush()))?;
        let copied = end.0 - self.end.0;
        self.end = end;
        Ok(copied)
    }

    fn database(&self) -> &Database {
        self.database.as_ref().expect("it is there until the draft is finished")
    }

    /// Copies what is missing and takes the place of `current`, which is returned.
    pub(crate) fn finish(mut self, current: &mut Database, picture: Picture) -> Result<Database> {
        self.follow(current, picture.end.position)?;
        let to = self.database();
        guarded(|| copy::controls(&picture, to).and_then(|()| to.flush()))?;
        let (draft, data) = (self.directory.join(DRAFT), self.directory.join(DATA));
        renameat_with(CWD, &draft, CWD, &data, RenameFlags::EXCHANGE).map_err(std::io::Error::from)?;
        let database = self.database.take().expect("it was just written to");
        // From here on the copy is the store, whatever fails.
        let old = std::mem::replace(current, database);
        if let Err(error) = file::sync_directory(&self.directory) {
            // A power failure may bring the old store back, so it stays, and nothing is written that it would lack.
            self.is_kept = true;
            return Err(Failure::Unsynced(error));
        }
        Ok(old)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(database) = self.database.take()
            && let Err(failure) = database.close()
        {
            tracing::warn!(%failure, "a copy was not closed cleanly");
        }
        if self.is_kept {
            return;
        }
        if let Err(error) = fs::remove_dir_all(self.directory.join(DRAFT)) {
            tracing::warn!(%error, "a copy could not be removed; the next start will try again");
        }
    }
}
