//! Removing dead versions from records.

use sled::{Batch, Tree};
use storage_core::backend::CompactStep;
use storage_core::commit::{decode_commit, encode_commit};
use storage_core::{Revision, VersionId};

use crate::failure::{Failure, Result};
use crate::reader::scan::place;
use crate::record::{self, Records};
use crate::schema::{self, Kind, OTHER_BYTES, commit_value};

/// Control-only commits forgotten in one step, so that a step stays short.
const TRIM_RECORDS: usize = 2000;

/// What one step changes, and how many bytes of records it removes.
#[derive(Default)]
pub(super) struct Removal {
    pub(super) batch: Batch,
    pub(super) bytes: u64,
    pub(super) is_empty: bool,
}

/// Removes the versions of `step`. The commit at revision `last` stays even if nothing is left in it: it says where the log
/// ends.
pub(super) fn removal(tree: &Tree, step: &CompactStep, last: Revision) -> Result<Removal> {
    let mut removal = Removal { is_empty: true, ..Removal::default() };
    for dead in step.dead.chunk_by(|a, b| a.revision == b.revision) {
        removal.remove_from(tree, dead, last)?;
    }
    removal.trim(tree, step.through)?;
    Ok(removal)
}

impl Removal {
    /// Removes `dead`, all of one revision, from its commit.
    fn remove_from(&mut self, tree: &Tree, dead: &[VersionId], last: Revision) -> Result<()> {
        let revision = dead[0].revision;
        let record = Kind::Keys.record(schema::of_revision(revision));
        let Some(stored) = record::get(tree, &record)? else { return Ok(()) };
        let (position, _) =
            schema::place(Kind::Keys, schema::of_revision(revision), &stored).ok_or(Failure::Malformed)?;
        let mut commit = decode_commit(position, revision, &stored.slice(OTHER_BYTES..))?;
        let all = commit.mutations.len();
        commit.mutations.retain(|mutation| !dead.contains(&mutation.meta.id));
        if commit.mutations.len() == all {
            return Ok(());
        }
        self.is_empty = false;
        if commit.mutations.is_empty() && revision != last {
            record::remove(&mut self.batch, &record, stored.len());
            self.bytes += stored.len() as u64;
        } else {
            let left = commit_value(position.0, &encode_commit(&commit));
            self.bytes += (stored.len() - left.len()) as u64;
            record::replace(&mut self.batch, &record, stored.len(), &left);
        }
        Ok(())
    }

    /// Forgets control-only commits before the last commit at or below `through`.
    fn trim(&mut self, tree: &Tree, through: Revision) -> Result<()> {
        let up_to = Kind::Keys.record(0)..Kind::Keys.record(schema::of_revision(through).saturating_add(1));
        let Some(head) = record::last(tree, up_to)? else { return Ok(()) };
        let (end, _) = place(Kind::Keys, &head)?;
        let mut records = Records::new(tree, Kind::Controls.from(0));
        for _ in 0..TRIM_RECORDS {
            let Some(head) = records.next()? else { break };
            let (position, _) = place(Kind::Controls, &head)?;
            if position >= end {
                break;
            }
            self.is_empty = false;
            self.bytes += head.record_len() as u64;
            record::remove(&mut self.batch, head.record(), head.record_len());
        }
        Ok(())
    }
}
