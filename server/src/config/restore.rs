use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{Connections, Place, Storage};

/// Restores a snapshot, made by this server or by an etcd, into an empty storage
///
/// Keys keep their revisions, leases their ids, and clients see what they saw. It is all or nothing: no server starts on a
/// storage of which a restore was cut off, and a repeated restore starts over.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("into").required(true))]
pub(crate) struct RestoreFlags {
    /// The file: what `etcdctl snapshot save` made, or a copy of an etcd's member/snap/db
    #[arg(value_name = "SNAPSHOT")]
    pub(crate) snapshot: PathBuf,
    /// Folder of the new database, made if it is missing
    #[arg(long, value_name = "PATH", group = "into")]
    data_dir: Option<PathBuf>,
    /// Where the new database is, instead of a folder: sqlite:///path, sled:///path or postgres://user@host/database
    #[arg(long, value_name = "DSN", group = "into")]
    storage: Option<String>,
    /// Takes a file without the sum that a saved snapshot carries, such as one copied from a data directory
    #[arg(long)]
    pub(crate) skip_hash_check: bool,
    /// Raises the revision by so much, so that clients which saw later revisions than the snapshot's notice
    #[arg(long, value_name = "N", requires = "mark_compacted", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) bump_revision: Option<u64>,
    /// Closes all revisions before the raised one, so that watches which are behind begin anew
    #[arg(long, requires = "bump_revision")]
    mark_compacted: bool,
}

impl RestoreFlags {
    /// Where to.
    pub(crate) fn storage(&self) -> Storage {
        let place = match (&self.data_dir, &self.storage) {
            (Some(data_dir), _) => Place::DataDir(data_dir.clone()),
            (None, dsn) => Place::Dsn(dsn.clone().unwrap_or_default()),
        };
        Storage { place, fsync: true, connections: Connections::default() }
    }
}
