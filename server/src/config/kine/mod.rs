//! kine's face: its flags, and KINE_ in the environment. Source: kine 0.17.5, `pkg/app/app.go`.

mod compaction;
mod connections;
mod data;
mod ignored;
mod listen;
mod log;
mod metrics;
mod tls;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser};

use super::environment::Environment;
use super::{Action, Config, Refused, go, setting};

const PREFIX: &str = "KINE_";

/// The release of kine whose flags these are, as it prints its own.
const VERSION: &str = concat!("v0.17.5 (auroch ", env!("CARGO_PKG_VERSION"), ")");

const AFTER_HELP: &str = "\
This is auroch under the name of kine. Flags of kine's that mean nothing here are accepted with a warning. Every flag may be
given in the environment: KINE_ and its name in capitals, with underscores. kine's own database files are not read.

Examples:
  kine
  kine --endpoint 'sqlite:///var/lib/kine/state.db' --listen-address 127.0.0.1:2379
  kine --endpoint='sqlite://file:/var/lib/k0s/db/state.db?mode=rwc&_journal=WAL' \\
       --listen-address=unix:///run/k0s/kine/kine.sock:2379 --metrics-bind-address=:2380 --compact-interval=0";

/// An etcd v3 API server on one database: SQLite, compiled in. Without flags it serves on port 2379 of all addresses, and
/// keeps its data in the file db/state.db
#[derive(Debug, Parser)]
#[command(
    name = "kine",
    bin_name = "kine",
    disable_version_flag = true,
    after_help = AFTER_HELP,
    next_line_help = true
)]
struct Kine {
    /// Print the version and exit
    #[arg(long, short = 'v')]
    version: bool,
    #[command(flatten)]
    flags: Flags,
}

/// All groups, in the order in which help shows them.
#[derive(Debug, Args)]
struct Flags {
    #[command(flatten)]
    data: data::DataFlags,
    #[command(flatten)]
    connections: connections::ConnectionFlags,
    #[command(flatten)]
    listen: listen::ListenFlags,
    #[command(flatten)]
    tls: tls::TlsFlags,
    #[command(flatten)]
    metrics: metrics::MetricsFlags,
    #[command(flatten)]
    compaction: compaction::CompactionFlags,
    #[command(flatten)]
    log: log::LogFlags,
}

impl Flags {
    fn apply(self, config: &mut Config) -> Result<(), Refused> {
        self.data.apply(config)?;
        config.storage.connections = self.connections.into();
        self.tls.apply(config)?;
        self.listen.apply(config)?;
        self.metrics.apply(config)?;
        self.compaction.apply(config)?;
        self.log.apply(config);
        Ok(())
    }
}

/// What the arguments and the environment ask for.
pub(super) fn parse(args: Vec<OsString>, env: &Environment) -> Result<Action, clap::Error> {
    let mut command = ignored::accept(go::flags(Kine::command()));
    let settings = env.settings(&command, PREFIX);
    let variables = setting::arguments(&mut command, &settings)?;
    // What stands later counts: a flag more than a variable.
    let mut args = go::double_dashes(args).into_iter();
    let args = args.next().into_iter().chain(variables).chain(args);
    let matches = command.try_get_matches_from_mut(args)?;
    let given = Kine::from_arg_matches(&matches)?;
    if given.version {
        return Ok(Action::Say(format!("kine version {VERSION}\n")));
    }
    let mut config = Config { warnings: ignored::warnings(&matches), ..Config::default() };
    "kine".clone_into(&mut config.server.member.name);
    given.flags.apply(&mut config).map_err(|refused| command.error(ErrorKind::ValueValidation, refused))?;
    Ok(Action::Serve(Box::new(config)))
}
