//! Moving a store from one storage to another, of whatever kind.

mod destination;
mod error;
mod found;
mod hashes;
mod observer;

use std::sync::Arc;

use self::destination::Destination;
pub use self::error::CopyError;
use self::hashes::Hashes;
pub use self::observer::{CopyObserver, CopyOutcome, CopyStep};
use crate::backend::{Backend, Bounds, ScanFrom, ScanLimits};
use crate::commit::Commit;
use crate::contents::{Contents, Picture};
use crate::environment::Environment;
use crate::filling::GROUP_BYTES;
use crate::machine::Record;
use crate::types::{Position, Revision};

/// What is read and written at once; the bytes are what usually counts.
const LIMITS: ScanLimits = ScanLimits { commits: 10_000, bytes: GROUP_BYTES };

/// Copies everything that a store is: all kept versions with their revisions, leases with their deadlines, alarms, members, users and
/// roles, the compacted revision, and who it is to its clients.
///
/// The source is only read, and no store need be open on it. Where others write to it meanwhile, the copy is what it was when
/// the copy began, or, if it was compacted meanwhile, when that was noticed.
///
/// It is all or nothing, and can be cut off anywhere: no [`Store`](crate::Store) opens on a destination before all of it was
/// compared with the source, and the same copy, done again, goes on where the last one was cut off.
#[derive(Debug)]
pub struct StoreCopy {
    from: Arc<dyn Backend>,
    to: Arc<dyn Backend>,
    environment: Arc<dyn Environment>,
    limits: ScanLimits,
}

impl StoreCopy {
    /// A copy of what is in `from` into `to`, which is empty, or holds a part of the same copy.
    #[must_use]
    pub fn new(from: Arc<dyn Backend>, to: Arc<dyn Backend>, environment: Arc<dyn Environment>) -> Self {
        Self { from, to, environment, limits: LIMITS }
    }

    /// Reads and writes no more than that at once.
    #[must_use]
    pub fn in_parts_of(self, limits: ScanLimits) -> Self {
        Self { limits, ..self }
    }

    /// Whether `from` is a whole store, of which a copy can be made.
    ///
    /// # Errors
    /// [`CopyError::Source`] if it cannot be read, [`CopyError::SourceEmpty`], [`CopyError::SourceUnfinished`].
    pub async fn check(from: &Arc<dyn Backend>) -> Result<(), CopyError> {
        check(&Contents::read(&**from).await.map_err(CopyError::Source)?)
    }

    /// Copies, compares, and makes the destination a store. Tells `observer` how far it is.
    ///
    /// # Errors
    /// [`CopyError`], after which the destination is as it was, or holds a part of the copy.
    pub async fn run(&self, observer: &mut dyn CopyObserver) -> Result<CopyOutcome, CopyError> {
        loop {
            observer.step(CopyStep::Looking);
            let source = Picture::take(&self.from).await.map_err(CopyError::Source)?;
            check(&source.contents)?;
            let mut destination = Destination::open(&self.to, &source, Arc::clone(&self.environment)).await?;
            if destination.is_finished() && self.is_one_log(source.contents.bounds, destination.found()).await? {
                return Err(CopyError::Same);
            }
            let hashes = self.transfer(&source, &mut destination, observer).await?;
            let Picture { contents, .. } = source;
            match self.since(contents.bounds).await? {
                Since::Compacted => observer.step(CopyStep::Again),
                since => {
                    destination.settle(&contents).await?;
                    let keys = self.verify(&contents, &hashes, observer).await;
                    let keys = keys.map_err(|error| destination.differs(error))?;
                    destination.finish().await?;
                    return Ok(CopyOutcome {
                        revision: contents.bounds.revision,
                        compact_revision: contents.compacted(),
                        keys,
                        leases: contents.leases(),
                        is_behind: since == Since::Written,
                    });
                }
            }
        }
    }

    /// Whether both logs end with the same commit. That of a copy has an id of its own.
    async fn is_one_log(&self, source: Bounds, destination: Bounds) -> Result<bool, CopyError> {
        if source != destination {
            return Ok(false);
        }
        let last = ScanFrom::After(Position(source.position.0.saturating_sub(1)));
        let ours = self.from.scan(last, self.limits).await.map_err(CopyError::source)?;
        let theirs = self.to.scan(last, self.limits).await.map_err(CopyError::Destination)?;
        Ok(ours.first().map(|commit| commit.id) == theirs.first().map(|commit| commit.id))
    }

    /// Reads all of the source, and appends what the destination does not have. What it is to have then is hashed on the way.
    async fn transfer(
        &self,
        source: &Picture,
        destination: &mut Destination,
        observer: &mut dyn CopyObserver,
    ) -> Result<Hashes, CopyError> {
        let Contents { bounds, bytes, versions, .. } = source.contents;
        observer.step(CopyStep::Copying { bounds, versions, bytes, resumed_at: destination.resumed_at() });
        let mut hashes = Hashes::new(&source.index);
        let read = |from| self.from.scan(ScanFrom::Revision(from), self.limits);
        let mut commits = read(Revision(0)).await.map_err(CopyError::source)?;
        while let Some(next) = commits.last().map(|commit| commit.revision.next()) {
            for commit in commits {
                // What others have written since is none of this copy.
                if commit.revision <= bounds.revision && !commit.mutations.is_empty() {
                    hashes.take(&source.index, &commit);
                    observer.advance(bytes_of(&commit));
                    destination.take(source.kept_of(commit));
                }
            }
            // The one is read while the other is written.
            let (scanned, appended) = tokio::join!(read(next), destination.append());
            appended?;
            commits = if next > bounds.revision { Vec::new() } else { scanned.map_err(CopyError::source)? };
        }
        Ok(hashes)
    }

    /// What happened to the source since it ended at `bounds`.
    async fn since(&self, bounds: Bounds) -> Result<Since, CopyError> {
        let compacted = Record::Compacted(bounds.revision).unset().key;
        let mut position = bounds.position;
        loop {
            let scan = self.from.scan(ScanFrom::After(position), ScanLimits::default()).await;
            let commits = scan.map_err(CopyError::source)?;
            if commits.is_empty() {
                return Ok(if position == bounds.position { Since::Nothing } else { Since::Written });
            }
            for commit in commits {
                position = position.next();
                // A gap is what a compaction left.
                if commit.position != position || commit.controls.iter().any(|change| change.key == compacted) {
                    return Ok(Since::Compacted);
                }
            }
        }
    }

    /// Reads all of the destination, and compares it with what the source was. Answers how many keys there are.
    async fn verify(
        &self,
        source: &Contents,
        expected: &Hashes,
        observer: &mut dyn CopyObserver,
    ) -> Result<usize, CopyError> {
        let copy = Picture::take(&self.to).await.map_err(CopyError::Unreadable)?;
        observer.step(CopyStep::Verifying { bytes: copy.contents.bytes });
        let mut hashes = Hashes::new(&copy.index);
        let mut from = Revision(0);
        loop {
            let scan = self.to.scan(ScanFrom::Revision(from), self.limits).await;
            let commits = scan.map_err(CopyError::Destination)?;
            let Some(last) = commits.last() else { break };
            from = last.revision.next();
            for commit in &commits {
                hashes.take(&copy.index, commit);
                observer.advance(bytes_of(commit));
            }
        }
        if copy.contents.bounds.revision != source.bounds.revision {
            return Err(CopyError::Differs("its revision is another one"));
        }
        if hashes.answers() != expected.answers() {
            return Err(CopyError::Differs("the hashes of its keys are others"));
        }
        if !copy.contents.changes_to(source).is_empty() {
            return Err(CopyError::Differs("its leases, users or other records are others"));
        }
        let keys = copy.index.read().live();
        Ok(keys)
    }
}

/// What happened to the source while it was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Nothing,
    /// It was written to, but all that was to be copied is there.
    Written,
    /// Some of it may have been removed before it was read.
    Compacted,
}

/// Whether there is anything to copy, and all of it.
fn check(source: &Contents) -> Result<(), CopyError> {
    if source.unfinished().is_some() {
        return Err(CopyError::SourceUnfinished);
    }
    if source.bounds == Bounds::default() {
        return Err(CopyError::SourceEmpty);
    }
    Ok(())
}

fn bytes_of(commit: &Commit) -> u64 {
    commit.mutations.iter().map(|mutation| (mutation.key.len() + mutation.value.len()) as u64).sum()
}
