//! The file itself: is it there, is it ours, and a new one if not.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use backend_embedded::FileLock;

use crate::error::OpenError;
use crate::options::SqliteOptions;
use crate::schema;

/// SQLite's own locks would let two servers in, each with its own idea of the log; that of a file beside the database does not keep
/// other programs from reading it.
const LOCK: &str = ".lock";

/// A file that is ours to use.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Where it is, links resolved, so that every way to the file leads to the same lock.
    pub(crate) path: PathBuf,
    pub(crate) lock: FileLock,
}

/// Finds or creates the file and locks it. Whatever is not ours is left as it was.
pub(crate) async fn prepare(options: &SqliteOptions) -> Result<Prepared, OpenError> {
    let path = resolve(options)?;
    if inspect(&path)?.is_none() && !options.create {
        return Err(OpenError::Missing { path });
    }
    let lock_file = beside(&path, LOCK);
    let lock = FileLock::acquire(&lock_file).map_err(OpenError::lock(&path, &lock_file))?;
    // Again: another process may have created it before we had the lock.
    match inspect(&path)? {
        None => {
            check_alone(&path)?;
            create(&path).await?;
        }
        Some(Journal::Rollback) => discard_companions(&path)?,
        Some(Journal::WriteAhead) => {}
    }
    Ok(Prepared { path, lock })
}

/// The path of a file beside the database, named after it.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

/// The absolute path without links; creates the directory if that is asked for.
fn resolve(options: &SqliteOptions) -> Result<PathBuf, OpenError> {
    let path = &options.path;
    match fs::canonicalize(path) {
        Ok(found) => return Ok(found),
        // Creating the database would put it in the place of the link.
        Err(error) if path.is_symlink() => return Err(OpenError::io("follow the link", path)(error)),
        Err(_) => {}
    }
    let name = path.file_name().ok_or_else(|| OpenError::NotAFile { path: path.clone() })?;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if options.create {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(directory).map_err(OpenError::io("create the directory", directory))?;
    }
    match fs::canonicalize(directory) {
        Ok(directory) => Ok(directory.join(name)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(OpenError::Missing { path: path.clone() }),
        Err(error) => Err(OpenError::io("open the directory", directory)(error)),
    }
}

/// The database of ours that is there; an empty file is as good as none. Reads the header and nothing else, since SQLite
/// would begin to change the file (recover a log, say) before it said whose it is.
fn inspect(path: &Path) -> Result<Option<Journal>, OpenError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::io("open", path)(error)),
        Ok(metadata) if !metadata.is_file() => return Err(OpenError::NotAFile { path: path.into() }),
        Ok(_) => {}
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(OpenError::io("open", path))?;
    let mut header = Vec::new();
    Read::take(&mut file, Header::BYTES).read_to_end(&mut header).map_err(OpenError::io("read", path))?;
    if header.is_empty() {
        return Ok(None);
    }
    let header = Header::parse(&header).ok_or_else(|| OpenError::NotSqlite { path: path.into() })?;
    match schema::recognise(path, header.application_id, header.user_version) {
        Ok(()) => Ok(Some(header.journal)),
        Err(OpenError::OtherProgram { path }) if is_kines(file) => Err(OpenError::Kine { path }),
        Err(error) => Err(error),
    }
}

/// Whether the database has a table `kine`: found in the bytes of its schema, which stands in its first pages, since SQLite
/// might change what it opens.
fn is_kines(file: File) -> bool {
    /// Type, name and table of the schema's row, which are stored one behind the other.
    const ROW: &[u8] = b"tablekinekine";
    const SCHEMA_BYTES: u64 = 64 << 10;
    let mut pages = Vec::new();
    let read = file.take(SCHEMA_BYTES).read_to_end(&mut pages);
    read.is_ok() && pages.windows(ROW.len()).any(|window| window == ROW)
}

/// How a database says that it is changed. Ours have a write-ahead log from their creation on; a copy that `VACUUM INTO`
/// made has none until it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Journal {
    Rollback,
    WriteAhead,
}

/// Removes a write-ahead log beside a database that never had one. A backup was copied over the database it was made of, and
/// the log belongs to what was there before: SQLite would mix the two.
fn discard_companions(path: &Path) -> Result<(), OpenError> {
    for companion in [beside(path, "-wal"), beside(path, "-shm")] {
        if remove_file(&companion)? {
            tracing::warn!(file = ?companion, "removed what the database before this restored copy had left behind");
        }
    }
    Ok(())
}

/// A write-ahead log without its database holds what is nowhere else, and SQLite would mix it into a new one.
fn check_alone(path: &Path) -> Result<(), OpenError> {
    let log = beside(path, "-wal");
    match fs::metadata(&log) {
        Ok(metadata) if metadata.len() > 0 => Err(OpenError::LogWithoutDatabase { path: path.into(), log }),
        _ => Ok(()),
    }
}

/// Removes the database that is there, which nobody may have open.
///
/// # Errors
/// If it cannot be removed, or is in use, or not ours.
pub async fn remove(options: &SqliteOptions) -> Result<(), OpenError> {
    let existing = SqliteOptions { create: false, ..options.clone() };
    let Prepared { path, lock } = match prepare(&existing).await {
        Err(OpenError::Missing { .. }) => return Ok(()),
        prepared => prepared?,
    };
    // The log before its database: alone it would be in the way of the next one.
    for file in [beside(&path, "-wal"), beside(&path, "-shm"), path] {
        remove_file(&file)?;
    }
    drop(lock);
    Ok(())
}

/// Whether it was there.
fn remove_file(path: &Path) -> Result<bool, OpenError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(OpenError::io("remove", path)(error)),
    }
}

/// What the first bytes of a SQLite database say: <https://sqlite.org/fileformat2.html#the_database_header>.
struct Header {
    journal: Journal,
    user_version: i32,
    application_id: i32,
}

impl Header {
    const BYTES: u64 = 100;
    const MAGIC: &[u8] = b"SQLite format 3\0";

    fn parse(bytes: &[u8]) -> Option<Self> {
        let int = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        bytes.starts_with(Self::MAGIC).then_some(())?;
        let journal = if bytes.get(18)? == &2 { Journal::WriteAhead } else { Journal::Rollback };
        Some(Self { journal, user_version: int(60)?, application_id: int(68)? })
    }
}

/// Builds the database under another name and moves it into place, so that a crash leaves all of it or nothing.
async fn create(path: &Path) -> Result<(), OpenError> {
    let draft = beside(path, ".new");
    remove_draft(&draft)?;
    // SQLite gives its companion files the mode that it finds on this one.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(&draft).map_err(OpenError::io("create", &draft))?;
    if let Err(error) = schema::create(&draft).await {
        // What was begun is in nobody's way, least of all on a full disk.
        remove_draft(&draft)?;
        return Err(OpenError::sqlx(path)(error));
    }
    fs::rename(&draft, path).map_err(OpenError::io("create", path))?;
    sync_directory(path).map_err(OpenError::io("create", path))
}

fn remove_draft(draft: &Path) -> Result<(), OpenError> {
    for file in [draft.to_owned(), beside(draft, "-journal"), beside(draft, "-wal"), beside(draft, "-shm")] {
        remove_file(&file)?;
    }
    Ok(())
}

/// Makes a file's name survive a power failure.
pub(crate) fn sync_directory(of: &Path) -> std::io::Result<()> {
    match of.parent() {
        None => Ok(()),
        Some(directory) if directory == Path::new("") => File::open(".")?.sync_all(),
        Some(directory) => File::open(directory)?.sync_all(),
    }
}
