//! `auroch copy`: a storage becomes the store that another one is.

use std::path::PathBuf;
use std::sync::Arc;

use storage_core::{
    Backend, BackendError, CopyError, CopyObserver, CopyOutcome, CopyStep, Restore, RestoreError, StoreCopy,
    SystemEnvironment,
};

use super::storage::{StorageError, is_memory};
use super::{Failure, storage};
use crate::config::{CopyFlags, Storage};
use crate::progress::{Progress, Unit};

/// Why nothing was copied, or not all. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyFailure {
    #[error(
        "a store in memory is gone with its program: copy from and to sqlite:///path or postgres://user@host/database"
    )]
    Memory,
    #[error("--from and --to name the same place, or copies of the same files: {0}")]
    Same(String),
    #[error("--from: {0}")]
    From(StorageError),
    #[error("--to: {0}")]
    To(StorageError),
    #[error("{0} holds nothing; is it the right place?")]
    Empty(String),
    #[error("{0} holds a restore or a copy that was not finished; finish that first, or name another source")]
    SourceUnfinished(String),
    #[error("{0} is not empty, and was left alone; choose another place, or move away what is there")]
    NotEmpty(String),
    #[error("{0} holds a part of something else, and was left alone; --start-over removes it")]
    OtherUnfinished(String),
    #[error(
        "{to} holds a part of a copy, but {from} is not any more what that was copied from; --start-over removes it and begins \
         anew"
    )]
    Diverged { from: String, to: String },
    #[error("another process writes to {0}; nothing else may while it is copied to")]
    Contended(String),
    #[error("{source}; {to} holds a part of the copy, which no server starts on: copy again with --start-over")]
    Differs { to: String, source: CopyError },
    #[error(
        "{source}; {to} holds what was copied so far, which no server starts on: the same command again goes on with it"
    )]
    Midway { to: String, source: CopyError },
    #[error("{place} cannot be read: {source}")]
    Source { place: String, source: CopyError },
    #[error("{place} was not closed well: {source}")]
    Close { place: String, source: BackendError },
}

pub(super) async fn copy(flags: CopyFlags) -> Result<(), Failure> {
    let (from, to) = (flags.from(), flags.to());
    if is_memory(&from) || is_memory(&to) {
        return Err(CopyFailure::Memory.into());
    }
    if is_same(&from, &to) {
        return Err(CopyFailure::Same(from.place.to_string()).into());
    }
    let mut progress = Progress::new("copy");
    let source = storage::existing(&from).await.map_err(CopyFailure::From)?;
    let copied = copy_from(&source, &from, &to, flags.start_over, &mut progress).await;
    let closed = close(&*source, &from).await;
    let outcome = copied?;
    closed?;
    say(&outcome, &from, &mut progress);
    Ok(())
}

async fn copy_from(
    source: &Arc<dyn Backend>,
    from: &Storage,
    to: &Storage,
    start_over: bool,
    progress: &mut Progress,
) -> Result<CopyOutcome, CopyFailure> {
    let servers = source.peers().await.unwrap_or_default().len();
    if servers > 0 {
        progress.say(&format!(
            "WARNING: {servers} servers use {}; what they write from now on is not copied: stop them first",
            from.place
        ));
    }
    let names = Names { from: from.place.to_string(), to: to.place.to_string() };
    let mut target = storage::backend(to).await.map_err(CopyFailure::To)?;
    if start_over && matches!(Restore::check(&target).await, Err(RestoreError::Unfinished)) {
        // What is removed may be all that there is, if the source is nothing.
        let checked = StoreCopy::check(source).await.map_err(|error| names.failure(error));
        target = match checked {
            Ok(()) => emptied(target, to, progress).await.map_err(CopyFailure::To)?,
            Err(failure) => return close(&*target, to).await.and(Err(failure)),
        };
    }
    let copy = StoreCopy::new(Arc::clone(source), Arc::clone(&target), Arc::new(SystemEnvironment::default()));
    let copied = copy.run(&mut Observer { names: &names, progress }).await;
    let closed = close(&*target, to).await;
    let outcome = copied.map_err(|error| names.failure(error))?;
    closed.map(|()| outcome)
}

/// The destination without the part of something that it holds.
async fn emptied(
    target: Arc<dyn Backend>,
    to: &Storage,
    progress: &mut Progress,
) -> Result<Arc<dyn Backend>, StorageError> {
    progress.say("removing what an earlier copy or restore left");
    let failed = |error: BackendError| StorageError::Open { storage: to.place.to_string(), source: error.into() };
    let end = target.bounds().await.map_err(failed)?.position;
    target.close().await.map_err(failed)?;
    storage::remove(to, end).await?;
    storage::backend(to).await
}

async fn close(backend: &dyn Backend, storage: &Storage) -> Result<(), CopyFailure> {
    let closed = backend.close().await;
    closed.map_err(|source| CopyFailure::Close { place: storage.place.to_string(), source })
}

/// Two ways to the same file, or the same words. Of a database that is named in two ways the one is not empty as the other is not.
fn is_same(from: &Storage, to: &Storage) -> bool {
    let file = |storage| -> Option<PathBuf> { storage::database(storage)?.canonicalize().ok() };
    from.place == to.place || file(from).is_some_and(|path| file(to) == Some(path))
}

fn say(outcome: &CopyOutcome, from: &Storage, progress: &mut Progress) {
    if outcome.is_behind {
        progress.say(&format!(
            "WARNING: {} was written to since; nothing after revision {} is in the copy",
            from.place, outcome.revision
        ));
    }
    let CopyOutcome { keys, revision, compact_revision, leases, .. } = outcome;
    progress.done(&format!(
        "done: {keys} keys at revision {revision}, compacted at {compact_revision}, {leases} leases, the hashes as in the source"
    ));
}

/// As they may be shown.
struct Names {
    from: String,
    to: String,
}

impl Names {
    fn failure(&self, error: CopyError) -> CopyFailure {
        let (from, to) = (self.from.clone(), self.to.clone());
        match error {
            CopyError::Same => CopyFailure::Same(from),
            CopyError::SourceEmpty => CopyFailure::Empty(from),
            CopyError::SourceUnfinished => CopyFailure::SourceUnfinished(from),
            CopyError::NotEmpty => CopyFailure::NotEmpty(to),
            CopyError::OtherUnfinished => CopyFailure::OtherUnfinished(to),
            CopyError::Diverged => CopyFailure::Diverged { from, to },
            CopyError::Contended => CopyFailure::Contended(to),
            CopyError::Differs(_) => CopyFailure::Differs { to, source: error },
            CopyError::Source(_) => CopyFailure::Source { place: from, source: error },
            _ => CopyFailure::Midway { to, source: error },
        }
    }
}

struct Observer<'a> {
    names: &'a Names,
    progress: &'a mut Progress,
}

impl CopyObserver for Observer<'_> {
    fn step(&mut self, step: CopyStep) {
        let Self { names, progress } = self;
        match step {
            CopyStep::Copying { bounds, versions, bytes, resumed_at } => {
                if let Some(revision) = resumed_at {
                    progress.say(&format!("{} has a part of it, up to revision {revision}: going on", names.to));
                }
                let revision = bounds.revision;
                let what = format!(
                    "copying {versions} versions of up to revision {revision} from {} to {}",
                    names.from, names.to
                );
                progress.phase(&what, Unit::Bytes, Some(bytes));
            }
            CopyStep::Verifying { bytes } => {
                progress.phase("comparing what was written with the source", Unit::Bytes, Some(bytes));
            }
            CopyStep::Again => progress.say("the source was compacted meanwhile: copying what it is now"),
            _ => progress.phase("looking through both", Unit::Bytes, None),
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.progress.advance(bytes);
    }
}
