use std::fmt::Write as _;

use clap::Args;

use crate::config::{Config, Place, Refused};

/// Where kine keeps its data unless it is told.
const DEFAULT_FILE: &str = "db/state.db";

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(super) struct DataFlags {
    /// Where the data is kept: sqlite://path, postgres://..., or memory:// for nowhere. Default: sqlite://db/state.db
    #[arg(long, value_name = "DSN", default_value = "", hide_default_value = true)]
    endpoint: String,
    /// Certificates of those who sign PostgreSQL's, PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<String>,
    /// The certificate shown to PostgreSQL, PEM
    #[arg(long, value_name = "FILE")]
    cert_file: Option<String>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
}

impl DataFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        let mut dsn = dsn(&self.endpoint)?;
        let files = [("sslrootcert", self.ca_file), ("sslcert", self.cert_file), ("sslkey", self.key_file)];
        let files: Vec<_> = files.into_iter().filter_map(|(name, file)| Some((name, file?))).collect();
        if is_postgres(&dsn) {
            add_files(&mut dsn, &files);
        } else if !files.is_empty() {
            let warning = "--ca-file, --cert-file and --key-file have no effect: they are for connections to PostgreSQL; \
                           --server-cert-file and --server-key-file are for those of clients";
            config.warnings.push(warning.to_owned());
        }
        config.storage.place = Place::Dsn(dsn);
        Ok(())
    }
}

fn is_postgres(dsn: &str) -> bool {
    dsn.starts_with("postgres://") || dsn.starts_with("postgresql://")
}

/// As kine does: what the DSN says itself counts, and with files the server's certificate is verified in full.
fn add_files(dsn: &mut String, files: &[(&str, String)]) {
    let files: Vec<_> = files.iter().filter(|(name, file)| !file.is_empty() && !says(dsn, name)).collect();
    let verify = (!files.is_empty() && !says(dsn, "sslmode")).then(|| ("sslmode", "verify-full".to_owned()));
    for (name, value) in files.into_iter().chain(&verify) {
        let separator = if dsn.contains('?') { '&' } else { '?' };
        let _ = write!(dsn, "{separator}{name}={}", percent_encoded(value));
    }
}

fn says(dsn: &str, name: &str) -> bool {
    let query = dsn.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.split('=').next() == Some(name))
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The DSN of what kine would open. Never shown: there may be a password in it.
fn dsn(endpoint: &str) -> Result<String, Refused> {
    if endpoint.is_empty() {
        return Ok(format!("sqlite://{DEFAULT_FILE}"));
    }
    let (scheme, rest) = endpoint
        .split_once("://")
        .ok_or_else(|| refused("--endpoint has no scheme; write sqlite://path, or leave it out for ./db/state.db"))?;
    match scheme {
        "sqlite" => match rest.split_once('?') {
            None if rest.is_empty() => Ok(format!("sqlite://{DEFAULT_FILE}")),
            Some(("", parameters)) => Ok(format!("sqlite://{DEFAULT_FILE}?{parameters}")),
            _ => Ok(endpoint.to_owned()),
        },
        "postgres" | "postgresql" => Ok(endpoint.to_owned()),
        "memory" => Ok("memory://".to_owned()),
        "http" | "https" | "unix" | "unixs" => {
            Err(refused("--endpoint names another etcd, and clients can use that one directly; write sqlite://path"))
        }
        _ => Err(Refused(format!(
            "--endpoint: {scheme}:// is served by kine, not by this program; write sqlite://path or postgres://..., or \
             go on with kine"
        ))),
    }
}

fn refused(why: &str) -> Refused {
    Refused(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_path_is_kines_default() {
        for endpoint in ["", "sqlite://"] {
            assert_eq!(dsn(endpoint).unwrap(), "sqlite://db/state.db");
        }
        assert_eq!(dsn("sqlite://?_journal=WAL").unwrap(), "sqlite://db/state.db?_journal=WAL");
        let k0s = "sqlite://file:/var/lib/k0s/db/state.db?mode=rwc&_journal=WAL";
        assert_eq!(dsn(k0s).unwrap(), k0s);
    }

    #[test]
    fn postgresql_is_reached_with_the_files_that_are_named() {
        let with_files = |dsn: &str| {
            let mut dsn = dsn.to_owned();
            add_files(&mut dsn, &[("sslrootcert", "/a b".to_owned()), ("sslcert", String::new())]);
            dsn
        };
        assert_eq!(with_files("postgres://h/db"), "postgres://h/db?sslrootcert=/a%20b&sslmode=verify-full");
        assert_eq!(with_files("postgres://h?sslmode=require"), "postgres://h?sslmode=require&sslrootcert=/a%20b");
        assert_eq!(with_files("postgres://h?sslrootcert=x"), "postgres://h?sslrootcert=x");
        assert_eq!(dsn("postgres://u:secret@h/db").unwrap(), "postgres://u:secret@h/db");
    }

    #[test]
    fn another_database_is_refused_and_its_password_not_shown() {
        for endpoint in [
            "mysql://u:secret@tcp(h:1)/db",
            "nats://secret@h:1",
            "t4://secret",
            "litestream://secret",
            "https://secret",
            "secret",
        ] {
            let said = dsn(endpoint).unwrap_err().to_string();
            assert!(said.starts_with("--endpoint") && !said.contains("secret"), "{said}");
        }
    }
}
