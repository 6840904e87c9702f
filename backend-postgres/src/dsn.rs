//! DSNs: `postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=...`, as libpq, sqlx and kine write them, with
//! several hosts after libpq's fashion: `postgres://user@a:5432,b:5432/database`.

use std::str::FromStr as _;
use std::time::Duration;

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
        let parameters = Parameters::split(parts.query)?;
        let hosts: Result<Vec<_>, _> =
            parts.hosts.split(',').map(|host| parts.one_host(host, &parameters.of_driver)).collect();
        let mut options = Self::new(hosts?);
        options.connect_timeout = parameters.connect_timeout.unwrap_or(options.connect_timeout);
        options.statement_timeout = parameters.statement_timeout.unwrap_or(options.statement_timeout);
        options.warnings = parameters.warnings;
        Ok(options)
    }
}

/// The parameters that the driver understands.
const OF_DRIVER: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];
/// Of libpq's, those that guard something, and must not be left out of account.
const GUARDS: [&str; 10] = [
    "channel_binding",
    "gssencmode",
    "krbsrvname",
    "require_auth",
    "requirepeer",
    "requiressl",
    "ssl_min_protocol_version",
    "sslcrl",
    "sslcrldir",
    "sslpassword",
];

/// The parameters of a DSN, by who understands them.
#[derive(Default)]
struct Parameters {
    /// With the `?`, as they were written.
    of_driver: String,
    connect_timeout: Option<Duration>,
    statement_timeout: Option<Duration>,
    warnings: Vec<String>,
}

impl Parameters {
    fn split(query: &str) -> Result<Self, OpenError> {
        let mut parameters = Self::default();
        for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "connect_timeout" => parameters.connect_timeout = limit(name, value, Duration::from_secs)?,
                "statement_timeout" => parameters.statement_timeout = limit(name, value, Duration::from_millis)?,
                _ if OF_DRIVER.contains(&name) || name.starts_with("options[") => {
                    parameters.of_driver.push(if parameters.of_driver.is_empty() { '?' } else { '&' });
                    parameters.of_driver.push_str(pair);
                }
                _ if GUARDS.contains(&name) => {
                    return Err(malformed(&format!("{name} is not supported, and guards something")));
                }
                _ => parameters.warnings.push(format!("{name} has no effect")),
            }
        }
        Ok(parameters)
    }
}

/// As libpq and PostgreSQL have them: 0 leaves it at what is usual here.
fn limit(name: &str, value: &str, unit: impl Fn(u64) -> Duration) -> Result<Option<Duration>, OpenError> {
    let number: u64 = value.parse().map_err(|_| malformed(&format!("{name} is not a number")))?;
    Ok((number > 0).then(|| unit(number)))
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

    fn one_host(&self, host: &str, query: &str) -> Result<PgConnectOptions, OpenError> {
        let url = format!("postgres://{}{host}/{}{query}", self.user, self.database);
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
    fn parameters_of_others_are_taken_or_warned_of_or_refused() {
        let dsn = "postgres://me@db/x?connect_timeout=3&sslmode=require&statement_timeout=1500&pool_max_conns=9";
        let options = PostgresOptions::parse(dsn).expect("a DSN");
        assert_eq!(options.connect_timeout, Duration::from_secs(3));
        assert_eq!(options.statement_timeout, Duration::from_millis(1500));
        assert_eq!(options.warnings, ["pool_max_conns has no effect"]);
        for guard in ["sslcrl=/x", "sslpassword=secret", "channel_binding=require"] {
            let error = PostgresOptions::parse(&format!("postgres://me@db/x?{guard}")).expect_err(guard).to_string();
            assert!(error.contains("guards something") && !error.contains("secret"), "{error}");
        }
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
