//! Names of databases.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let _ = backend_sqlite::SqliteOptions::parse(data);
    let _ = backend_postgres::PostgresOptions::parse(data);
});
