use clap::Args;

use crate::config::{Config, Place, Refused};

/// Where kine keeps its data unless it is told.
const DEFAULT_FILE: &str = "db/state.db";

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(super) struct DataFlags {
    /// Where the data is kept: sqlite://path, or memory:// for nowhere. Default: sqlite://db/state.db
    #[arg(long, value_name = "DSN", default_value = "", hide_default_value = true)]
    endpoint: String,
}

impl DataFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<(), Refused> {
        config.storage.place = Place::Dsn(dsn(&self.endpoint)?);
        Ok(())
    }
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
        "memory" => Ok("memory://".to_owned()),
        "http" | "https" | "unix" | "unixs" => {
            Err(refused("--endpoint names another etcd, and clients can use that one directly; write sqlite://path"))
        }
        _ => Err(Refused(format!(
            "--endpoint: {scheme}:// is served by kine, not by this program; write sqlite://path or memory://, or go on \
             with kine"
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
    fn another_database_is_refused_and_its_password_not_shown() {
        for endpoint in [
            "postgres://u:secret@h/db",
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
