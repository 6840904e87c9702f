//! DSNs: `postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=...`, as libpq, sqlx and kine write them, with
//! several hosts after libpq's fashion: `postgres://user@a:5432,b:5432/database`.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use crate::error::OpenError;
use crate::options::PostgresOptions;

/// kine's user, password and host where the DSN names none.
const DEFAULT_AUTHORITY: &str = "postgres:postgres@localhost";
/// kine's database where the DSN names none.
const DEFAULT_DATABASE: &str = "kubernetes";

impl PostgresOptions {
    /// The options that a DSN names.
    ///
    /// # Errors
    /// [`OpenError::Dsn`] if it is not a DSN of a PostgreSQL database. Its text has no password.
    pub fn parse(dsn: &str) -> Result<Self, OpenError> {
        let parts = Parts::split(dsn).ok_or_else(|| malformed("it does not begin with postgres://"))?;
        let hosts: Result<Vec<_>, _> = parts.hosts.split(',').map(|host| parts.one_host(host)).collect();
        Ok(Self::new(hosts?))
    }
}

fn malformed(reason: &str) -> OpenError {
    OpenError::Dsn { reason: reason.to_owned() }
}

struct Parts<'a> {
    /// User and password, with the `@`.
    user: &'a str,
    hosts: &'a str,
    database: &'a str,
    /// With the `?`.
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn split(dsn: &'a str) -> Option<Self> {
        let rest = dsn.strip_prefix("postgres://").or_else(|| dsn.strip_prefix("postgresql://"))?;
        let (rest, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        // A host may come as a parameter, as for a unix socket; then an empty authority is meant.
        let names_host = query.contains("host=");
        let authority = if authority.is_empty() && !names_host { DEFAULT_AUTHORITY } else { authority };
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Some(Self { user, hosts, database: if database.is_empty() { DEFAULT_DATABASE } else { database }, query })
    }

    fn one_host(&self, host: &str) -> Result<PgConnectOptions, OpenError> {
        let url = format!("postgres://{}{host}/{}{}", self.user, self.database, self.query);
        PgConnectOptions::from_str(&url).map_err(|error| malformed(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Connector;

    fn hosts(dsn: &str) -> Vec<(String, u16, String, String)> {
        let options = PostgresOptions::parse(dsn).expect(dsn);
        let host = |h: &PgConnectOptions| {
            let database = h.get_database().unwrap_or_default().to_owned();
            (h.get_host().to_owned(), h.get_port(), h.get_username().to_owned(), database)
        };
        options.hosts.iter().map(host).collect()
    }

    fn host(name: &str, port: u16, user: &str, database: &str) -> (String, u16, String, String) {
        (name.to_owned(), port, user.to_owned(), database.to_owned())
    }

    #[test]
    fn a_dsn_names_user_host_and_database() {
        assert_eq!(hosts("postgres://me:secret@db:6000/x"), [host("db", 6000, "me", "x")]);
        assert_eq!(hosts("postgresql://me@db/x?sslmode=require"), [host("db", 5432, "me", "x")]);
    }

    #[test]
    fn what_a_dsn_leaves_out_is_as_in_kine() {
        assert_eq!(hosts("postgres://"), [host("localhost", 5432, "postgres", "kubernetes")]);
        assert_eq!(hosts("postgres://me@db"), [host("db", 5432, "me", "kubernetes")]);
    }

    #[test]
    fn several_hosts_are_tried_in_order() {
        assert_eq!(hosts("postgres://me@a:1,b:2/x"), [host("a", 1, "me", "x"), host("b", 2, "me", "x")]);
    }

    #[test]
    fn no_debug_print_shows_a_password() {
        let options = PostgresOptions::parse("postgres://me:secret@db/x").expect("a DSN");
        let shown = format!("{options:?} {:?}", Connector::new(&options));
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn what_is_no_dsn_is_refused_without_its_password() {
        for dsn in ["", "mysql://a", "postgres://me:secret@host:port/db", "postgres://me:secret@h/db?sslmode=maybe"] {
            let error = PostgresOptions::parse(dsn).expect_err(dsn).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
