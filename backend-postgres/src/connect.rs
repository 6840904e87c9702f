//! Connections, and pools of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleResult};
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Error};
use tokio::time::timeout;

use crate::failure::{Failure, Result};
use crate::options::PostgresOptions;
use crate::primary::Session;
use crate::silence::{self, Probe};

/// The name under which PostgreSQL shows our connections.
const APPLICATION_NAME: &str = "auroch";

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) hosts: Arc<[PgConnectOptions]>,
    pub(crate) connect_timeout: Duration,
    /// The newest timeline that a primary was on.
    pub(crate) newest: Arc<AtomicU32>,
    /// Whether its connections show nothing that a failover could take back.
    pub(crate) settles: bool,
    pub(crate) probe: Arc<Probe>,
}

/// Without the hosts: the driver's own print of them has the password.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{host}: {source}")]
    Failed { host: String, source: Error },
    #[error("{host} is a standby")]
    Standby { host: String },
    #[error("{host} was the primary before another took its place, and has not become its standby")]
    Former { host: String },
}

impl Connector {
    pub(crate) fn new(options: &PostgresOptions) -> Self {
        let hosts = options.hosts.iter().map(|host| {
            host.clone()
                .application_name(APPLICATION_NAME)
                .options([
                    ("statement_timeout", format!("{}ms", options.statement_timeout.as_millis())),
                    ("synchronous_commit", "on".to_owned()),
                    ("search_path", "auroch".to_owned()),
                    // The head's row lock must not outlive a server that was stopped in the middle.
                    ("idle_in_transaction_session_timeout", "10s".to_owned()),
                    // Nor may locks and turns outlive a server that is out of reach.
                    ("tcp_keepalives_idle", "5".to_owned()),
                    ("tcp_keepalives_interval", "2".to_owned()),
                    ("tcp_keepalives_count", "3".to_owned()),
                    ("tcp_user_timeout", "10s".to_owned()),
                ])
                .disable_statement_logging()
        });
        let (connect_timeout, newest, probe) = (options.connect_timeout, Arc::default(), Arc::default());
        Self { hosts: hosts.collect(), connect_timeout, newest, settles: true, probe }
    }

    /// A connection to the host that takes writes.
    pub(crate) async fn connect(&self) -> std::result::Result<PgConnection, ConnectError> {
        self.primary().await.map(|session| session.connection)
    }

    /// One whose connections read nothing of the log, and so need not wait for a commit.
    pub(crate) fn only_to_ask(&self) -> Self {
        Self { settles: false, ..self.clone() }
    }

    /// Whether no other host has become the primary since, as far as is known.
    pub(crate) fn is_newest(&self, session: &Session) -> bool {
        session.timeline >= self.newest.load(Ordering::Relaxed)
    }

    /// The database's name.
    pub(crate) fn database(&self) -> &str {
        self.hosts[0].get_database().unwrap_or_default()
    }

    /// The same hosts, with another database.
    pub(crate) fn with_database(&self, name: &str) -> Self {
        let hosts = self.hosts.iter().map(|host| host.clone().database(name)).collect();
        Self { hosts, ..self.clone() }
    }
}

impl managed::Manager for Connector {
    type Type = Session;
    type Error = ConnectError;

    async fn create(&self) -> std::result::Result<Session, ConnectError> {
        self.primary().await
    }

    /// Connections that failed were taken out of the pool; the others are not asked, which would be a round trip. Those to a former
    /// primary that still lives show what was.
    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<ConnectError> {
        let other = || managed::RecycleError::message("another host has become the primary");
        self.is_newest(session).then_some(()).ok_or_else(other)
    }
}

/// Connections for one purpose.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    connections: managed::Pool<Connector>,
    patience: Duration,
}

impl Pool {
    pub(crate) fn new(connector: Connector, size: usize, patience: Duration) -> Self {
        let built = managed::Pool::builder(connector).max_size(size).runtime(deadpool::Runtime::Tokio1).build();
        Self { connections: built.expect("a runtime is given"), patience }
    }

    /// Does `work` with a connection; one that may be broken after a failure is not used again.
    pub(crate) async fn with<T>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        let mut session = self.session().await?;
        let pid = session.pid;
        let done = tokio::select! {
            biased;
            done = timeout(self.patience, work(&mut session.connection)) => done.unwrap_or(Err(Failure::TimedOut)),
            () = silence::lost(self.connections.manager(), pid) => Err(Failure::Lost),
        };
        settle(session, done)
    }

    /// The same, however long it takes.
    pub(crate) async fn unlimited<T>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T>> + Send,
    ) -> Result<T> {
        let mut session = self.session().await?;
        let done = work(&mut session.connection).await;
        settle(session, done)
    }

    async fn session(&self) -> Result<managed::Object<Connector>> {
        self.connections.get().await.map_err(|error| Failure::Connect(error.to_string()))
    }

    /// Ends connections that nobody uses and that are too many, too old or have not been used for too long.
    pub(crate) fn tidy(&self, options: &PostgresOptions) {
        let mut kept = 0;
        let _ = self.connections.retain(|_, metrics| {
            let keeps = kept < options.max_idle
                && metrics.last_used() < options.max_idle_time
                && metrics.age() < options.max_lifetime;
            kept += usize::from(keeps);
            keeps
        });
    }

    /// How many connections there may be.
    pub(crate) fn max_size(&self) -> usize {
        self.connections.status().max_size
    }

    pub(crate) fn close(&self) {
        self.connections.close();
    }
}

/// Ends what may be broken.
fn settle<T>(session: managed::Object<Connector>, done: Result<T>) -> Result<T> {
    if done.as_ref().is_err_and(|failure| !failure.keeps_connection()) {
        drop(managed::Object::take(session));
    }
    done
}
