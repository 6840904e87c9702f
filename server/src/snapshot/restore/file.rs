//! The file of a snapshot: a database, and the sum behind it.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{Refused, SnapshotError};
use crate::progress::{Progress, Unit};
use crate::snapshot::bolt::{BoltReader, Entries, ReadAt as _};
use crate::snapshot::schema;

/// An open snapshot, of which the sum was checked.
#[derive(Debug)]
pub(super) struct SnapshotFile(BoltReader<File>);

const SUM_BYTES: u64 = 32;
/// A database is a multiple of this, so that etcd knows by the rest whether a sum follows.
const SECTOR_BYTES: u64 = 512;
const READ_BYTES: usize = 1 << 20;

impl SnapshotFile {
    pub(super) fn open(path: &Path, skip_hash_check: bool, progress: &mut Progress) -> Result<Self, SnapshotError> {
        let failed = |source| SnapshotError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        let has_sum = len % SECTOR_BYTES == SUM_BYTES;
        let database = if has_sum { len - SUM_BYTES } else { len };
        if !skip_hash_check {
            if !has_sum {
                return Err(SnapshotError::NoSum);
            }
            progress.phase("checking the sum", Unit::Bytes, Some(database));
            let mut carried = [0; SUM_BYTES as usize];
            file.read_exact_at(&mut carried, database).map_err(failed)?;
            if sum(&file, database, progress).map_err(failed)? != carried {
                return Err(SnapshotError::WrongSum);
            }
        }
        Ok(Self(BoltReader::open(file, database)?))
    }

    /// All versions of all keys, by the names under which etcd stores them.
    pub(super) fn versions(&self) -> Result<Entries<'_, File>, SnapshotError> {
        Ok(self.0.bucket(schema::KEY)?.ok_or(Refused("it has no keys: is it the database of an etcd?"))?)
    }

    /// Calls `each` with the entries of a bucket, if it is there.
    pub(super) fn each(
        &self,
        bucket: &str,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), Refused>,
    ) -> Result<(), SnapshotError> {
        let Some(mut entries) = self.0.bucket(bucket)? else { return Ok(()) };
        while let Some((key, value)) = entries.next()? {
            each(&key, &value)?;
        }
        Ok(())
    }
}

fn sum(file: &File, len: u64, progress: &mut Progress) -> io::Result<[u8; SUM_BYTES as usize]> {
    let mut sum = Sha256::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut at = 0;
    while at < len {
        let size = usize::try_from(len - at).unwrap_or(READ_BYTES).min(READ_BYTES);
        file.read_exact_at(&mut buffer[..size], at)?;
        sum.update(&buffer[..size]);
        at += size as u64;
        progress.advance(size as u64);
    }
    Ok(sum.finalize().into())
}
