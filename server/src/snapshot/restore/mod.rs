//! Filling an empty storage with a snapshot's content.
//!
//! The file is read three times: its sum, then all of it to see that it makes sense, and only then, for what is written. So a
//! file that is no good costs nothing but time.

mod contents;
mod error;
mod expected;
mod file;
mod state;
#[cfg(test)]
mod tests;
mod version;

use std::path::Path;
use std::sync::Arc;

use storage_core::commit::Mutation;
use storage_core::{Backend, Key, LeaseId, Restore, Revision, Sub, SystemEnvironment, VersionId, VersionMeta};

pub(crate) use self::contents::Contents;
pub(crate) use self::error::SnapshotError;
use self::expected::Expected;
use self::file::SnapshotFile;
use self::version::Version;
use crate::progress::{Progress, Unit};

/// What may be asked beside the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Takes a file that carries no sum, or a wrong one.
    pub(crate) skip_hash_check: bool,
    /// Raises the revision by so much and closes all before it, so that clients which saw later ones notice.
    pub(crate) bump_revision: Option<u64>,
}

/// A snapshot that makes sense as a whole.
#[derive(Debug)]
pub(crate) struct Snapshot {
    file: SnapshotFile,
    contents: Contents,
    mark: Option<Revision>,
}

impl Snapshot {
    /// Opens and checks the file at `path`.
    pub(crate) fn open(path: &Path, options: Options, progress: &mut Progress) -> Result<Self, SnapshotError> {
        let file = SnapshotFile::open(path, options.skip_hash_check, progress)?;
        let mut contents = Contents::read(&file, progress)?;
        let mark = options.bump_revision.map(|amount| contents.bump(amount)).transpose()?;
        Ok(Self { file, contents, mark })
    }

    /// What is in it.
    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Writes all of it into `backend`, which is empty.
    pub(crate) async fn restore(self, backend: Arc<dyn Backend>, progress: &mut Progress) -> Result<(), SnapshotError> {
        let Self { file, contents, mark } = self;
        let mut restore = Restore::begin(backend, Arc::new(SystemEnvironment::default())).await?;
        let mut expected = Expected::new(contents.keys, contents.state.compact_revision);
        let mut versions = file.versions()?;
        while let Some((name, stored)) = versions.next()? {
            let version = Version::decode(&name, &stored)?;
            expected.write(&name, &stored, &version);
            restore.push(version.mutation).await?;
            progress.advance(1);
        }
        if let Some(revision) = mark {
            let mark = mark_of(revision);
            let version = Version { mutation: mark };
            expected.write(&version.name(), &[], &version);
            restore.push(version.mutation).await?;
        }
        progress.phase("looking through what was written", Unit::Versions, None);
        Ok(restore.finish(contents.state, expected.hash()).await?)
    }
}

/// What etcdutl raises a revision with: an empty record. To the engine it is a version like any other, but of no key.
fn mark_of(revision: Revision) -> Mutation {
    let id = VersionId { revision, sub: Sub(0) };
    let meta = VersionMeta::put(id, revision, 1, LeaseId::NONE, 0);
    Mutation { key: Key::from(&[][..]), meta, value: bytes::Bytes::new() }
}
