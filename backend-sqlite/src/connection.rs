//! Connections for the threads.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use storage_core::Size;

use crate::failure::Result;

/// Page caches are small on purpose: the operating system caches the file, and values have a cache of their own.
const WRITER_CACHE_KIB: i32 = 2048;
const READER_CACHE_KIB: i32 = 512;
/// The write-ahead log shrinks to this size when it starts over.
const WAL_FILE_LIMIT_BYTES: i64 = 64 << 20;

/// The connection of the writer. It never checkpoints by itself.
pub(crate) fn open_writer(path: &Path, busy_timeout: Duration, flush: bool) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_FILE_LIMIT_BYTES)?;
    set_flush(&connection, flush)?;
    Ok(connection)
}

/// The connection of the checkpoint thread.
pub(crate) fn open_checkpointer(path: &Path, flush: bool) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, Duration::ZERO, READER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    set_flush(&connection, flush)?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout, READER_CACHE_KIB)
}

fn open(path: &Path, mode: OpenFlags, busy_timeout: Duration, cache_kib: i32) -> Result<Connection> {
    // Each connection stays on one thread, so SQLite need not lock it.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    Ok(connection)
}

/// Whether a commit waits for the disk. This pragma takes effect when it is prepared, so it must not come from a cache of
/// prepared statements.
pub(crate) fn set_flush(connection: &Connection, flush: bool) -> Result<()> {
    Ok(connection.execute_batch(if flush { "PRAGMA synchronous=FULL" } else { "PRAGMA synchronous=NORMAL" })?)
}

/// The size of the file as the connection's transaction sees it.
pub(crate) fn size(connection: &Connection, page_bytes: u64) -> Result<Size> {
    let pages = pragma(connection, "PRAGMA page_count")?;
    let free = pragma(connection, "PRAGMA freelist_count")?;
    Ok(Size { allocated: pages * page_bytes, in_use: (pages - free) * page_bytes })
}

pub(crate) fn page_bytes(connection: &Connection) -> Result<u64> {
    pragma(connection, "PRAGMA page_size")
}

fn pragma(connection: &Connection, sql: &str) -> Result<u64> {
    let number: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(number.cast_unsigned())
}
