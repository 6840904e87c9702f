//! How the state comes from the log.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::backend::{AppendOutcome, Backend, Bounds, LoadBatch, ScanFrom, ScanLimits};
use crate::machine::{LoadError, Machine};
use crate::store::OpenError;

/// Parts of a load that may wait.
const LOAD_QUEUE: usize = 4;

/// Takes in everything that `backend` holds.
pub(crate) async fn load(machine: &mut Machine, backend: &dyn Backend) -> Result<(), OpenError> {
    let bounds = load_with(backend, |batch| machine.load(batch)).await?;
    machine.loaded(bounds);
    Ok(())
}

/// Gives `take_in` everything that `backend` holds. Answers where the log ends.
pub(crate) async fn load_with(
    backend: &dyn Backend,
    mut take_in: impl FnMut(LoadBatch) -> Result<(), LoadError>,
) -> Result<Bounds, OpenError> {
    let (sink, mut batches) = mpsc::channel(LOAD_QUEUE);
    let take_in = async {
        let mut result = Ok(());
        while let Some(batch) = batches.recv().await {
            if result.is_ok() {
                result = take_in(batch);
            }
        }
        result
    };
    let (bounds, taken_in) = tokio::join!(backend.load(sink), take_in);
    let bounds = bounds?;
    taken_in.map_err(|e| OpenError::Content(e.to_string()))?;
    Ok(bounds)
}

/// Begins a new term of the log. Where others append to it, their commits since the load come first.
pub(crate) async fn begin_term(machine: &mut Machine, backend: &dyn Backend) -> Result<(), OpenError> {
    loop {
        // A courtesy that whoever has it may be unable to return.
        let turn = backend.turn().await.ok();
        if backend.info().shared {
            follow(machine, backend).await?;
        }
        // Where others write it may have become so after the load.
        if machine.is_unfinished() {
            return Err(OpenError::Unfinished);
        }
        let (expected, revision) = (machine.position(), machine.revision());
        let begun = machine.begin_term();
        match backend.append(expected, Arc::from([begun.commit.clone()])).await? {
            AppendOutcome::Appended => return Ok(()),
            AppendOutcome::Conflict { .. } if backend.info().shared => {
                machine.rollback(vec![begun], expected, revision);
            }
            AppendOutcome::Conflict { .. } => return Err(OpenError::Contended),
        }
        drop(turn);
    }
}

/// Takes in what others have appended since the load.
async fn follow(machine: &mut Machine, backend: &dyn Backend) -> Result<(), OpenError> {
    loop {
        let commits = backend.scan(ScanFrom::After(machine.position()), ScanLimits::default()).await?;
        if commits.is_empty() {
            return Ok(());
        }
        for commit in commits {
            if commit.position != machine.position().next() {
                return Err(OpenError::Contended);
            }
            machine.follow(&commit).map_err(|error| OpenError::Content(error.to_string()))?;
        }
        machine.publish();
    }
}
