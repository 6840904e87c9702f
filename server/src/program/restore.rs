//! `auroch restore`: an empty storage becomes what a snapshot holds.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Parser};
use storage_core::{Backend, RestoreError};

use super::{Failure, runtime, storage};
use crate::config::{Place, Storage};
use crate::snapshot::restore::{Options, Progress, Snapshot, SnapshotError};

const COMMAND: &str = "restore";

/// Restores a snapshot, made by this server or by an etcd, into an empty storage.
///
/// Keys keep their revisions, leases their ids, and clients see what they saw. It is all or nothing: no server starts on a
/// storage of which a restore was cut off, and a repeated restore starts over.
#[derive(Debug, Parser)]
#[command(name = "auroch restore", group = ArgGroup::new("into").required(true))]
struct Flags {
    /// The file: what `etcdctl snapshot save` made, or a copy of an etcd's member/snap/db
    #[arg(value_name = "SNAPSHOT")]
    snapshot: PathBuf,
    /// Folder of the new database, made if it is missing
    #[arg(long, value_name = "PATH", group = "into")]
    data_dir: Option<PathBuf>,
    /// Where the new database is, instead of a folder: sqlite:///path or postgres://user@host/database
    #[arg(long, value_name = "DSN", group = "into")]
    storage: Option<String>,
    /// Takes a file without the sum that a saved snapshot carries, such as one copied from a data directory
    #[arg(long)]
    skip_hash_check: bool,
    /// Raises the revision by so much, so that clients which saw later revisions than the snapshot's notice
    #[arg(long, value_name = "N", requires = "mark_compacted", value_parser = clap::value_parser!(u64).range(1..))]
    bump_revision: Option<u64>,
    /// Closes all revisions before the raised one, so that watches which are behind begin anew
    #[arg(long, requires = "bump_revision")]
    mark_compacted: bool,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestoreFailure {
    #[error("a store in memory would be gone with this program; restore into --data-dir or sqlite:///path")]
    Memory,
    #[error("{0} is not empty; choose another place, or move away what is there")]
    NotEmpty(String),
    #[error("{0} holds a restore that was not finished; remove the database, or its schema auroch, and run this again")]
    Unfinished(String),
    #[error("cannot remove what an earlier restore left at {path}: {source}")]
    Leftover { path: PathBuf, source: std::io::Error },
    #[error("{source}; {place} holds a part of it, which no server starts on: restore again")]
    Midway { place: String, source: SnapshotError },
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// Runs the command if the arguments ask for it.
pub(super) fn requested(args: &[OsString]) -> Option<ExitCode> {
    if args.get(1).map(OsString::as_os_str) != Some(OsStr::new(COMMAND)) {
        return None;
    }
    let flags = match Flags::try_parse_from(&args[1..]) {
        Ok(flags) => flags,
        Err(message) => {
            let _ = message.print();
            return Some(ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2)));
        }
    };
    Some(super::end(runtime().and_then(|runtime| runtime.block_on(restore(flags)))))
}

async fn restore(flags: Flags) -> Result<(), Failure> {
    let mut progress = Progress::new();
    let options = Options { skip_hash_check: flags.skip_hash_check, bump_revision: flags.bump_revision };
    let snapshot = Snapshot::open(&flags.snapshot, options, &mut progress).map_err(RestoreFailure::from)?;
    let place = match (flags.data_dir, flags.storage) {
        (Some(data_dir), _) => Place::DataDir(data_dir),
        (None, dsn) => Place::Dsn(dsn.unwrap_or_default()),
    };
    let storage = Storage { place, fsync: true };
    let contents = snapshot.contents();
    let (revision, keys, versions) = (contents.state.revision, contents.live_keys(), contents.versions);
    let (leases, compacted) = (contents.state.leases.len(), contents.state.compact_revision);
    progress.say(&format!("writing {versions} versions of up to revision {revision} into {}", storage.place));
    write(snapshot, &storage, &mut progress).await?;
    progress.say(&format!(
        "done: {keys} keys at revision {revision}, compacted at {compacted}, {leases} leases, the hash as in the snapshot"
    ));
    Ok(())
}

async fn write(snapshot: Snapshot, storage: &Storage, progress: &mut Progress) -> Result<(), Failure> {
    let place = storage.place.to_string();
    let mut backend = open(storage).await?;
    match storage_core::Restore::check(&backend).await {
        Ok(()) => {}
        Err(RestoreError::Unfinished) => {
            progress.say("an earlier restore was not finished here: starting over");
            backend.close().await.map_err(|e| SnapshotError::Storage(e.into())).map_err(RestoreFailure::from)?;
            remove(&storage::database(storage).ok_or(RestoreFailure::Unfinished(place.clone()))?)?;
            backend = open(storage).await?;
        }
        Err(RestoreError::NotEmpty) => return Err(RestoreFailure::NotEmpty(place).into()),
        Err(error) => return Err(RestoreFailure::Snapshot(error.into()).into()),
    }
    let restored = snapshot.restore(Arc::clone(&backend), progress).await;
    let closed = backend.close().await.map_err(|error| SnapshotError::Storage(error.into()));
    restored.and(closed).map_err(|source| RestoreFailure::Midway { place, source }.into())
}

async fn open(storage: &Storage) -> Result<Arc<dyn Backend>, Failure> {
    if matches!(&storage.place, Place::Dsn(dsn) if dsn.starts_with("memory:")) {
        return Err(RestoreFailure::Memory.into());
    }
    Ok(storage::backend(storage).await?)
}

/// Removes a database that nobody has open, and its companions.
fn remove(path: &Path) -> Result<(), RestoreFailure> {
    for companion in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(companion);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(RestoreFailure::Leftover { path: name.into(), source: error });
            }
            _ => {}
        }
    }
    Ok(())
}
