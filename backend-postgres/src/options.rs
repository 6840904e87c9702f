//! Which database, and how it is used.

use std::fmt;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// How many connections answer reads.
const DEFAULT_READERS: usize = 4;
/// How soon a commit of another server is seen whose notification was lost.
const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a statement may take. A load has no limit.
const DEFAULT_STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is kept that nobody uses.
const DEFAULT_MAX_IDLE_TIME: Duration = Duration::from_secs(120);
/// Connections beside those that read: the writer's, the listener's, and the one that the heartbeat and the tip share with the readers.
const OTHERS: usize = 3;
/// How long making a connection may take.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which database to open, and how. Made from a DSN by [`PostgresOptions::parse`].
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The hosts to try, in order; each with user, database and TLS.
    pub(crate) hosts: Vec<PgConnectOptions>,
    /// Whether a missing database is created, and missing tables.
    pub create: bool,
    /// Connections that answer reads, beside the one that appends and the one that listens.
    pub readers: usize,
    /// How soon a commit of another server is seen whose notification was lost.
    pub poll_interval: Duration,
    /// How long the database may work at a statement.
    pub statement_timeout: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// So many connections are kept though nobody uses them.
    pub max_idle: usize,
    /// How long a connection is kept that nobody uses.
    pub max_idle_time: Duration,
    /// How long a connection is kept.
    pub max_lifetime: Duration,
    /// What of the DSN has no effect.
    pub warnings: Vec<String>,
}

/// Without the hosts: the driver's own print of them has the password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions").field("readers", &self.readers).finish_non_exhaustive()
    }
}

impl PostgresOptions {
    pub(crate) fn new(hosts: Vec<PgConnectOptions>) -> Self {
        Self {
            hosts,
            create: true,
            readers: DEFAULT_READERS,
            poll_interval: DEFAULT_POLL_INTERVAL,
            statement_timeout: DEFAULT_STATEMENT_TIMEOUT,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            max_idle: usize::MAX,
            max_idle_time: DEFAULT_MAX_IDLE_TIME,
            max_lifetime: Duration::MAX,
            warnings: Vec::new(),
        }
    }

    /// Leaves to reads what `connections` at a time allow beside those that are always needed; one at least. While statements take longer
    /// than a second there is one more, which asks about them.
    pub fn limit_connections(&mut self, connections: usize) {
        self.readers = connections.saturating_sub(OTHERS).max(1);
    }

    /// After this long without an answer a statement is given up; the database has given it up before.
    pub(crate) fn patience(&self) -> Duration {
        self.statement_timeout + self.connect_timeout
    }
}
