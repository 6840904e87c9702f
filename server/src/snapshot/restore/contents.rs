//! What a snapshot holds, found by looking through all of it once.

use storage_core::{RestoredState, Revision};

use super::error::{Refused, SnapshotError};
use super::expected::Keys;
use super::file::SnapshotFile;
use super::state;
use super::version::Version;
use crate::progress::{Progress, Unit};

/// All that is to be known before the first version is written.
#[derive(Debug)]
pub(crate) struct Contents {
    /// All but the versions.
    pub(crate) state: RestoredState,
    pub(crate) versions: u64,
    pub(super) keys: Keys,
    last: Revision,
}

impl Contents {
    pub(super) fn read(file: &SnapshotFile, progress: &mut Progress) -> Result<Self, SnapshotError> {
        progress.phase("looking through the snapshot", Unit::Versions, None);
        let compact_revision = state::compact_revision(file, progress)?;
        let (mut keys, mut count, mut last) = (Keys::default(), 0, Revision::FIRST);
        let mut versions = file.versions()?;
        while let Some((name, stored)) = versions.next()? {
            let Version { mutation } = Version::decode(&name, &stored)?;
            keys.note(&mutation.key, &mutation.meta, compact_revision);
            last = mutation.meta.id.revision;
            count += 1;
            progress.advance(1);
        }
        // Of a database whose last key was deleted and compacted the compaction alone knows the revision.
        let revision = last.max(compact_revision);
        let state =
            RestoredState { revision, compact_revision, leases: state::leases(file)?, auth: state::auth(file)? };
        Ok(Self { state, versions: count, keys, last })
    }

    /// How many keys there are at the snapshot's revision.
    pub(crate) fn live_keys(&self) -> usize {
        self.keys.live()
    }

    /// Raises the revision and closes all before it. Answers the revision of the mark that does it.
    pub(super) fn bump(&mut self, amount: u64) -> Result<Revision, Refused> {
        let amount = i64::try_from(amount).ok();
        let raised = amount.and_then(|amount| self.last.0.checked_add(amount)).map(Revision);
        let raised = raised.filter(|raised| *raised > self.state.revision);
        let raised =
            raised.ok_or(Refused("--bump-revision: the revision cannot be raised by so much, or so little"))?;
        let mark = super::mark_of(raised);
        self.keys.note(&mark.key, &mark.meta, raised);
        self.keys.compact();
        self.state.revision = raised;
        self.state.compact_revision = raised;
        Ok(raised)
    }
}
