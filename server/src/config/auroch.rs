//! The program's own face: its flags, AUROCH_ in the environment.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use super::flags::Flags;
use super::{Config, environment, ignored, switch};

const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (etcd API 3.7)");

const AFTER_HELP: &str = "\
Every flag may be given as --flag=value or --flag value, or in the environment: AUROCH_ and the flag's name in capitals,
with underscores, such as AUROCH_LISTEN_CLIENT_URLS. Flags of etcd's that only make sense in a cluster are accepted,
with a warning that they have no effect.

Examples:
  auroch
  auroch --data-dir /var/lib/auroch --listen-client-urls http://127.0.0.1:2379,unix:///run/auroch.sock
  auroch --storage 'sqlite:///var/lib/auroch/state.db' --log-format json
  auroch --storage memory://";

/// An etcd v3 API server on one database: SQLite, compiled in.
///
/// Started without flags it serves on 127.0.0.1:2379 and keeps its data in the folder auroch-data.
#[derive(Debug, Parser)]
#[command(name = "auroch", version = LONG_VERSION, after_help = AFTER_HELP, max_term_width = 120)]
struct Auroch {
    #[command(flatten)]
    flags: Flags,
}

/// What the arguments ask for.
///
/// # Errors
/// If they make no sense, or ask for help or the version: the error then prints what to say.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Config, clap::Error> {
    let command = environment::read(switch::make(Auroch::command()), "AUROCH_");
    let mut command = ignored::accept(command);
    let matches = command.try_get_matches_from_mut(args)?;
    let mut config = Config { warnings: ignored::warnings(&matches), ..Config::default() };
    let flags = Auroch::from_arg_matches(&matches)?.flags;
    flags.apply(&mut config).map_err(|refused| command.error(ErrorKind::ValueValidation, refused))?;
    Ok(config)
}
