//! What SQLite said is durable is there after `kill -9`. `AUROCH_SEED` and `AUROCH_ROUNDS` are as in [`conformance::crash`].

use backend_sqlite::{SqliteBackend, SqliteOptions};

conformance::crash_test!(|path| SqliteBackend::open(SqliteOptions::new(path)));
