//! `auroch restore`: an empty storage becomes what a snapshot holds.

use std::sync::Arc;

use storage_core::RestoreError;

use super::storage::is_memory;
use super::{Failure, storage};
use crate::config::{RestoreFlags, Storage};
use crate::progress::{Progress, Unit};
use crate::snapshot::restore::{Options, Snapshot, SnapshotError};

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestoreFailure {
    #[error(
        "a store in memory would be gone with this program; restore into --data-dir, sqlite:///path, sled:///path or postgres://"
    )]
    Memory,
    #[error("{0} is not empty; choose another place, or move away what is there")]
    NotEmpty(String),
    #[error("{source}; {place} holds a part of it, which no server starts on: restore again")]
    Midway { place: String, source: SnapshotError },
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

pub(super) async fn restore(flags: RestoreFlags) -> Result<(), Failure> {
    let mut progress = Progress::new("restore");
    let options = Options { skip_hash_check: flags.skip_hash_check, bump_revision: flags.bump_revision };
    let snapshot = Snapshot::open(&flags.snapshot, options, &mut progress).map_err(RestoreFailure::from)?;
    let storage = flags.storage();
    let contents = snapshot.contents();
    let (revision, keys, versions) = (contents.state.revision, contents.live_keys(), contents.versions);
    let (leases, compacted) = (contents.state.leases.len(), contents.state.compact_revision);
    let writing = format!("writing {versions} versions of up to revision {revision} into {}", storage.place);
    progress.phase(&writing, Unit::Versions, Some(versions));
    write(snapshot, &storage, &mut progress).await?;
    progress.done(&format!(
        "done: {keys} keys at revision {revision}, compacted at {compacted}, {leases} leases, the hash as in the snapshot"
    ));
    Ok(())
}

async fn write(snapshot: Snapshot, storage: &Storage, progress: &mut Progress) -> Result<(), Failure> {
    if is_memory(storage) {
        return Err(RestoreFailure::Memory.into());
    }
    let place = storage.place.to_string();
    let failed = |error: RestoreError| RestoreFailure::Snapshot(error.into());
    let mut backend = storage::backend(storage).await?;
    match storage_core::Restore::check(&backend).await {
        Ok(()) => {}
        Err(RestoreError::Unfinished) => {
            progress.say("an earlier restore was not finished here: starting over");
            let end = backend.bounds().await.map_err(|error| failed(error.into()))?.position;
            backend.close().await.map_err(|error| failed(error.into()))?;
            storage::remove(storage, end).await?;
            backend = storage::backend(storage).await?;
        }
        Err(RestoreError::NotEmpty) => return Err(RestoreFailure::NotEmpty(place).into()),
        Err(error) => return Err(failed(error).into()),
    }
    let restored = snapshot.restore(Arc::clone(&backend), progress).await;
    let closed = backend.close().await.map_err(|error| SnapshotError::Storage(error.into()));
    restored.and(closed).map_err(|source| RestoreFailure::Midway { place, source }.into())
}
