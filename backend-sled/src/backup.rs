//! Copies of a store in use.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use storage_core::Position;

use crate::copy;
use crate::database::Database;
use crate::failure::{Result, guarded};
use crate::file::{self, DATA};
use crate::options::MIN_CACHE_BYTES;
use crate::reader::load::Picture;

/// Writes a store that ends where `picture` does into the directory `to`, which must not exist.
pub(crate) fn backup(from: &Database, picture: &Picture, to: &Path) -> Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    let copied = guarded(|| write(from, picture, to));
    if copied.is_err() {
        // Half a copy helps nobody.
        let _ = fs::remove_dir_all(to);
    }
    copied
}

fn write(from: &Database, picture: &Picture, to: &Path) -> Result<()> {
    let data = to.join(DATA);
    file::mark(&data)?;
    let copy = Database::open(&data, MIN_CACHE_BYTES)?;
    copy::commits(from.tree(), &copy, Position(0), picture.end.position)?;
    copy::controls(picture, &copy)?;
    copy.flush()?;
    copy.close()?;
    file::sync_directory(to)?;
    Ok(to.parent().map_or(Ok(()), file::sync_directory)?)
}
