//! Writing a store into a file of etcd's form.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use storage_core::commit::Mutation;
use storage_core::{Export, StoreError, wire};
use tokio::task::{JoinError, spawn_blocking};

use super::bolt::BoltWriter;
use super::schema::{self, Origin};

/// A file without a name: whatever happens, it is gone with its last user.
#[derive(Debug)]
pub(super) struct SavedFile {
    pub(super) file: File,
    pub(super) bytes: u64,
}

/// Why a store could not be written into a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the snapshot's file cannot be written: {0}")]
    File(#[from] io::Error),
    #[error("the snapshot's file cannot be written: {0}")]
    Task(#[from] JoinError),
}

type Writer = BoltWriter<BufWriter<File>>;

const BUFFER_BYTES: usize = 1 << 20;

/// Writes `export` into a file in `directory`. Holds about a megabyte at a time.
pub(super) async fn save(mut export: Export, origin: Origin, directory: &Path) -> Result<SavedFile, SaveError> {
    let (state, directory) = (export.state().clone(), directory.to_owned());
    let mut writer = blocking(move || {
        let file = tempfile::tempfile_in(directory)?;
        let mut writer = BoltWriter::new(BufWriter::with_capacity(BUFFER_BYTES, file))?;
        for (name, mut entries) in schema::buckets(&state, &origin) {
            entries.sort_unstable();
            writer.begin_bucket(name)?;
            entries.into_iter().try_for_each(|(key, value)| writer.put(key, value))?;
        }
        writer.begin_bucket(schema::KEY)?;
        Ok(writer)
    })
    .await?;
    loop {
        let versions = export.next().await?;
        if versions.is_empty() {
            break;
        }
        writer = blocking(move || put_versions(writer, &versions)).await?;
    }
    drop(export);
    blocking(move || {
        let (file, bytes) = writer.finish()?;
        Ok(SavedFile { file: file.into_inner().map_err(io::IntoInnerError::into_error)?, bytes })
    })
    .await
}

fn put_versions(mut writer: Writer, versions: &[Mutation]) -> io::Result<Writer> {
    for version in versions {
        let mut name = Vec::with_capacity(18);
        wire::put_stored_name(&mut name, &version.meta);
        let mut value = Vec::with_capacity(wire::key_value_len(&version.key, &version.meta, version.value.len()));
        wire::put_stored_value(&mut value, version);
        writer.put(name, value)?;
    }
    Ok(writer)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, SaveError> {
    Ok(spawn_blocking(work).await??)
}
