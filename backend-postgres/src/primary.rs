//! The one of several hosts that takes writes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Error};
use tokio::time::{sleep, timeout};

use crate::connect::{ConnectError, Connector};

/// Between two rounds of new tries while a host is silent.
const PAUSE: Duration = Duration::from_millis(300);
/// How long a new try may take.
const TRY: Duration = Duration::from_millis(700);

/// Whether the host is a standby. Where $1 is true and a standby has to hold what is committed, what this connection may see must be
/// there too, and what a crash of the primary left may not be: so a commit waits for all before it.
const ASK: &str = "
SELECT pg_is_in_recovery(), pg_backend_pid(), (CASE WHEN $1 AND NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> ''
    THEN pg_logical_emit_message(true, 'auroch', '') END)::text";
/// The number of the primary's timeline, which each promotion raises.
const TIMELINE: &str = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer";

/// A connection to the primary.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: PgConnection,
    /// How it was made.
    pub(crate) host: PgConnectOptions,
    /// The database's process for it.
    pub(crate) pid: i32,
    /// The primary's timeline; 0 where there is only one host.
    pub(crate) timeline: u32,
}

type Made = Result<Session, ConnectError>;

impl Connector {
    /// Asks all hosts at once, since one that is out of reach says nothing, and the primary answers first. What is lost on the
    /// way is sent again later and later, so that meanwhile new tries are made.
    pub(crate) async fn primary(&self) -> Made {
        tokio::select! {
            biased;
            made = self.once() => made,
            session = self.again() => Ok(session),
        }
    }

    /// Each host once; fails when all have.
    async fn once(&self) -> Made {
        let mut tries: FuturesUnordered<_> =
            self.hosts.iter().map(|host| self.within(self.connect_timeout, host)).collect();
        let mut last = None;
        while let Some(made) = tries.next().await {
            match made {
                Ok(session) => return Ok(session),
                // A host that answers says more than one that does not.
                Err(ConnectError::Failed { .. }) if last.is_some() => {}
                Err(error) => last = Some(error),
            }
        }
        Err(last.expect("a DSN names a host"))
    }

    /// All hosts over and over.
    async fn again(&self) -> Session {
        loop {
            sleep(PAUSE).await;
            let mut tries: FuturesUnordered<_> = self.hosts.iter().map(|host| self.within(TRY, host)).collect();
            while let Some(made) = tries.next().await {
                if let Ok(session) = made {
                    return session;
                }
            }
        }
    }

    async fn within(&self, limit: Duration, host: &PgConnectOptions) -> Made {
        let late = |_| failed(host, Error::Io(std::io::ErrorKind::TimedOut.into()));
        timeout(limit, self.to_primary(host)).await.map_err(late)?
    }

    async fn to_primary(&self, host: &PgConnectOptions) -> Made {
        let failed = |source| failed(host, source);
        let mut connection = host.connect().await.map_err(failed)?;
        let asked = sqlx::query_as(ASK).bind(self.settles).fetch_one(&mut connection).await;
        let (standby, pid, _): (bool, i32, Option<String>) = asked.map_err(failed)?;
        if standby {
            return Err(ConnectError::Standby { host: name(host) });
        }
        let mut timeline = 0;
        if self.hosts.len() > 1 {
            let number: i32 = sqlx::query_scalar(TIMELINE).fetch_one(&mut connection).await.map_err(failed)?;
            timeline = number.cast_unsigned();
            if self.newest.fetch_max(timeline, Ordering::Relaxed) > timeline {
                return Err(ConnectError::Former { host: name(host) });
            }
        }
        Ok(Session { connection, host: host.clone(), pid, timeline })
    }
}

fn name(host: &PgConnectOptions) -> String {
    format!("{}:{}", host.get_host(), host.get_port())
}

fn failed(host: &PgConnectOptions, source: Error) -> ConnectError {
    ConnectError::Failed { host: name(host), source }
}
