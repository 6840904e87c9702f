use std::io;
use std::path::PathBuf;

use storage_core::RestoreError;

use crate::snapshot::bolt::BoltError;

/// Why a snapshot was not restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "the snapshot carries no sum of its content; if it was copied from a data directory and not saved by a server, \
         say so with --skip-hash-check"
    )]
    NoSum,
    #[error("the snapshot is damaged: its content does not have the sum that it carries")]
    WrongSum,
    #[error(transparent)]
    Bolt(#[from] BoltError),
    #[error(transparent)]
    Content(#[from] Refused),
    #[error(transparent)]
    Storage(#[from] RestoreError),
}

/// What is in the file is not what an etcd writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot cannot be restored: {0}")]
pub(crate) struct Refused(pub(super) &'static str);
