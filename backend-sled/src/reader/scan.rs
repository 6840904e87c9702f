//! The log in order: the merge of both kinds of commits by position.

use backend_embedded::Room;
use sled::Tree;
use storage_core::backend::{Bounds, ScanFrom, ScanLimits};
use storage_core::commit::{Commit, decode_commit};
use storage_core::{Position, Revision};

use crate::failure::{Failure, Result};
use crate::record::{Head, Records};
use crate::schema::{self, Kind, OTHER_BYTES};

/// Whole commits from `from` on, none behind `end`. Records behind the limit are not read.
pub(crate) fn scan(tree: &Tree, from: ScanFrom, limits: ScanLimits, end: Bounds) -> Result<Vec<Commit>> {
    let mut room = Room::new(limits);
    let mut log = match from {
        ScanFrom::Revision(revision) => vec![Commits::new(tree, Kind::Keys, schema::of_revision(revision), end)?],
        ScanFrom::After(position) => vec![
            Commits::new(tree, Kind::Keys, first_after(tree, position, end)?, end)?,
            Commits::new(tree, Kind::Controls, position.0.saturating_add(1), end)?,
        ],
    };
    while !room.is_full() {
        let first = log.iter_mut().filter(|commits| commits.next.is_some()).min_by_key(|commits| commits.position());
        let Some(commits) = first else { break };
        room.push(commits.take()?);
    }
    Ok(room.into_commits())
}

/// The number of the first commit that changes keys behind `after`. Positions ascend with revisions, so it is a binary search;
/// revisions that were compacted or never there are passed over.
fn first_after(tree: &Tree, after: Position, end: Bounds) -> Result<u64> {
    let (mut low, mut high) = (0, schema::of_revision(end.revision) + 1);
    // A log that nothing was ever compacted of, and which began empty, has the commit here or a little below.
    let distance = end.position.0.saturating_sub(after.0);
    let guess = high.saturating_sub(distance.saturating_add(1));
    if guess > 0 && position_from(tree, guess)?.is_some_and(|position| position <= after) {
        low = guess;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        match position_from(tree, middle)? {
            Some(position) if position <= after => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The position of the first commit that changes keys from this revision on.
fn position_from(tree: &Tree, revision: u64) -> Result<Option<Position>> {
    let Some(head) = Records::new(tree, Kind::Keys.from(revision)).next()? else { return Ok(None) };
    Ok(Some(place(Kind::Keys, &head)?.0))
}

/// Where in the log a commit is.
pub(crate) fn place(kind: Kind, head: &Head) -> Result<(Position, Revision)> {
    let number = schema::number(head.record()).ok_or(Failure::Malformed)?;
    schema::place(kind, number, head.data()).ok_or(Failure::Malformed)
}

/// The commits of one kind, of which the next one's place is known.
struct Commits {
    kind: Kind,
    records: Records,
    end: Bounds,
    next: Option<(Position, Revision, Head)>,
}

impl Commits {
    fn new(tree: &Tree, kind: Kind, number: u64, end: Bounds) -> Result<Self> {
        let mut commits = Self { kind, records: Records::new(tree, kind.from(number)), end, next: None };
        commits.advance()?;
        Ok(commits)
    }

    fn position(&self) -> Option<Position> {
        self.next.as_ref().map(|(position, ..)| *position)
    }

    fn advance(&mut self) -> Result<()> {
        self.next = match self.records.next()? {
            None => None,
            Some(head) => {
                let (position, revision) = place(self.kind, &head)?;
                (position <= self.end.position).then_some((position, revision, head))
            }
        };
        Ok(())
    }

    fn take(&mut self) -> Result<Commit> {
        let (position, revision, head) = self.next.take().expect("only asked for where there is a next one");
        let stored = self.records.whole(&head)?;
        let commit = decode_commit(position, revision, &stored.slice(OTHER_BYTES..))?;
        self.advance()?;
        Ok(commit)
    }
}
