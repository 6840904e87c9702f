//! The PostgreSQL backend obeys the laws.

use std::sync::Arc;

use async_trait::async_trait;
use backend_postgres::{PostgresBackend, PostgresOptions};
use conformance::backend_suite::Place;
use conformance::postgres::Cluster;
use storage_core::Backend;

struct Database(String);

impl Database {
    fn new() -> Self {
        Self(Cluster::shared().new_database())
    }
}

#[async_trait]
impl Place for Database {
    async fn open(&self) -> Arc<dyn Backend> {
        let options = PostgresOptions::parse(&self.0).expect("it is a DSN");
        Arc::new(PostgresBackend::open(options).await.expect("it opens"))
    }
}

conformance::backend_suite!(Database::new());
