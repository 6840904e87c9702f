//! A disk that fails in the middle of SQLite's writes.

use backend_sqlite::{SqliteBackend, SqliteOptions};

conformance::failing_disk_test!(2000, |path| SqliteBackend::open(SqliteOptions::new(path)));
