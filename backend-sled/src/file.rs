//! The directory itself: is it there, is it ours, and a new one if not.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use backend_embedded::FileLock;

use crate::database::Database;
use crate::error::OpenError;
use crate::options::SledOptions;
use crate::schema;

/// sled's own lock would stand in a directory that it has changed by then.
const LOCK: &str = "lock";
/// sled's own directory.
pub(crate) const DATA: &str = "data";
/// Under this name it is created, so that a crash leaves all of it or nothing.
pub(crate) const DRAFT: &str = "data.new";
/// In sled's directory, which leaves alone what it does not know: says that it is ours.
const FORMAT: &str = "format";

/// A directory that is ours to use.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Where it is, links resolved, so that every way to it leads to the same lock.
    pub(crate) path: PathBuf,
    pub(crate) lock: FileLock,
}

/// Finds or creates the directory and locks it. Whatever is not ours is left as it was.
pub(crate) fn prepare(options: &SledOptions) -> Result<Prepared, OpenError> {
    let path = &options.path;
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => return Err(OpenError::NotADirectory { path: path.clone() }),
        Ok(_) => {}
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(OpenError::io("open", path)(error)),
        Err(_) if !options.create => return Err(OpenError::Missing { path: path.clone() }),
        // A link that leads nowhere: the directory would be in its place.
        Err(error) if path.is_symlink() => return Err(OpenError::io("follow the link", path)(error)),
        Err(_) => make_directory(path).map_err(OpenError::io("create the directory", path))?,
    }
    let path = fs::canonicalize(path).map_err(OpenError::io("open", path))?;
    if !inspect(&path)? && !options.create {
        return Err(OpenError::Missing { path });
    }
    let lock_file = path.join(LOCK);
    let lock = FileLock::acquire(&lock_file).map_err(OpenError::lock(&path, &lock_file))?;
    remove_draft(&path).map_err(OpenError::io("tidy up", &path))?;
    // Again: another process may have created it before we had the lock.
    if !inspect(&path)? {
        create(&path, options.cache_bytes)?;
    }
    Ok(Prepared { path, lock })
}

/// Whether a store of ours is in the directory; nothing at all may be.
fn inspect(path: &Path) -> Result<bool, OpenError> {
    let mut store = false;
    for entry in fs::read_dir(path).map_err(OpenError::io("open", path))? {
        let name = entry.map_err(OpenError::io("read", path))?.file_name();
        match name.to_str() {
            Some(LOCK | DRAFT) => {}
            Some(DATA) => store = true,
            // What others keep beside ours is theirs; without ours the directory is.
            _ if path.join(DATA).join(FORMAT).exists() => {}
            _ => return Err(OpenError::Foreign { path: path.into() }),
        }
    }
    if store {
        check_format(path)?;
    }
    Ok(store)
}

fn check_format(path: &Path) -> Result<(), OpenError> {
    let format = path.join(DATA).join(FORMAT);
    let text = match fs::read_to_string(&format) {
        Ok(text) => text,
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::NotADirectory) =>
        {
            return Err(OpenError::Foreign { path: path.into() });
        }
        Err(error) => return Err(OpenError::io("read", &format)(error)),
    };
    match schema::parse_format(&text) {
        None => Err(OpenError::Foreign { path: path.into() }),
        Some(found) if found > schema::VERSION => {
            Err(OpenError::NewerSchema { path: path.into(), found, known: schema::VERSION })
        }
        Some(_) => Ok(()),
    }
}

/// Builds an empty store under another name and moves it into place.
fn create(path: &Path, cache_bytes: u64) -> Result<(), OpenError> {
    let draft = path.join(DRAFT);
    let made = draft_store(&draft, cache_bytes);
    if let Err(error) = made {
        // What was begun is in nobody's way, least of all on a full disk.
        let _ = fs::remove_dir_all(&draft);
        return Err(error);
    }
    fs::rename(&draft, path.join(DATA)).map_err(OpenError::io("create", path))?;
    sync_directory(path).map_err(OpenError::io("create", path))
}

/// Removes what was begun and not finished.
pub(crate) fn remove_draft(directory: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(directory.join(DRAFT)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the store that is there, which nobody may have open. What else is in the directory stays.
///
/// # Errors
/// If it cannot be removed, or is in use, or not ours.
pub fn remove(options: &SledOptions) -> Result<(), OpenError> {
    let existing = SledOptions { create: false, ..options.clone() };
    let Prepared { path, lock } = match prepare(&existing) {
        Err(OpenError::Missing { .. }) => return Ok(()),
        prepared => prepared?,
    };
    let draft = path.join(DRAFT);
    // At once, so that a crash leaves all of it or nothing.
    fs::rename(path.join(DATA), &draft).map_err(OpenError::io("remove", &path))?;
    remove_draft(&path).map_err(OpenError::io("remove", draft))?;
    drop(lock);
    Ok(())
}

fn draft_store(draft: &Path, cache_bytes: u64) -> Result<(), OpenError> {
    mark(draft).map_err(OpenError::io("create", draft))?;
    let database = Database::open(draft, cache_bytes).map_err(OpenError::failure(draft))?;
    database.flush().map_err(OpenError::failure(draft))?;
    database.close().map_err(OpenError::failure(draft))
}

/// Makes sled's directory, for its user alone, and says in it that it is ours.
pub(crate) fn mark(data: &Path) -> std::io::Result<()> {
    make_directory(data)?;
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(data.join(FORMAT))?;
    file.write_all(schema::format().as_bytes())?;
    file.sync_all()
}

fn make_directory(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// Makes the names in a directory survive a power failure.
pub(crate) fn sync_directory(directory: &Path) -> std::io::Result<()> {
    let directory = if directory == Path::new("") { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}
