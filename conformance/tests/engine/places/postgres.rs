//! Databases of random cases.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use backend_postgres::{PostgresBackend, PostgresOptions};
use conformance::backend_suite::Place;
use conformance::postgres::Cluster;
use storage_core::Backend;

use super::{Fresh, Shared};
use crate::support::seed::Time;

/// Cases are about what is read and written, not about what survives a loss of power, so nothing is synced.
const UNSYNCED: [&str; 3] =
    ["ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"];
/// A case that was given up may have left sessions behind.
const EMPTY: &str = "
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DROP SCHEMA IF EXISTS auroch CASCADE";

/// Databases of cases that have ended: making one takes longer than emptying it.
static USED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = Cluster::start();
        for sql in UNSYNCED {
            cluster.sql("postgres", sql);
        }
        cluster
    })
}

/// An empty database on a PostgreSQL that all cases share.
pub(crate) struct Postgres {
    dsn: String,
    there: AtomicBool,
}

impl Postgres {
    fn name(&self) -> &str {
        self.dsn.rsplit('/').next().expect("a DSN ends with the database's name")
    }
}

impl Default for Postgres {
    fn default() -> Self {
        let used = USED.lock().expect("nobody panics with it").pop();
        let Some(dsn) = used else { return Self { dsn: cluster().new_database(), there: AtomicBool::new(false) } };
        let place = Self { dsn, there: AtomicBool::new(true) };
        cluster().sql(place.name(), EMPTY);
        place
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // One that no case has opened is not there.
        if self.there.load(Ordering::SeqCst) {
            USED.lock().expect("nobody panics with it").push(std::mem::take(&mut self.dsn));
        }
    }
}

#[async_trait]
impl Place for Postgres {
    async fn open(&self) -> Arc<dyn Backend> {
        let options = PostgresOptions::parse(&self.dsn).expect("it is a DSN");
        let backend = PostgresBackend::open(options).await.expect("the database opens");
        self.there.store(true, Ordering::SeqCst);
        Arc::new(backend)
    }
}

impl Fresh for Postgres {
    const TIME: Time = Time::Real;
}

#[async_trait]
impl Shared for Postgres {
    async fn break_connections(&self) {
        let of_this = format!("datname = '{}'", self.name());
        let broken = tokio::task::spawn_blocking(move || cluster().terminate(&of_this));
        broken.await.expect("it does not panic");
    }
}
