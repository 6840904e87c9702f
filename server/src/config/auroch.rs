//! The program's own face: its flags, AUROCH_ in the environment.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;

use super::environment::Environment;
use super::flags::Flags;
use super::{Action, Config, CopyFlags, RestoreFlags, go, ignored, setting};

const PREFIX: &str = "AUROCH_";

const LONG_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (etcd API 3.7)");

const AFTER_HELP: &str = "\
Every flag may be given as --flag=value or --flag value, or in the environment: AUROCH_ and the flag's name in capitals,
with underscores, such as AUROCH_LISTEN_CLIENT_URLS. Flags of etcd's that only make sense in a cluster are accepted,
with a warning that they have no effect.

Started under the name kine or etcd, or as `auroch kine` or `auroch etcd`, the program takes the flags, environment and
files of that program instead: see `auroch kine --help` and `auroch etcd --help`.

Examples:
  auroch
  auroch --data-dir /var/lib/auroch --listen-client-urls http://127.0.0.1:2379,unix:///run/auroch.sock
  auroch --storage 'sqlite:///var/lib/auroch/state.db' --log-format json
  auroch --storage memory://
  auroch kine --endpoint 'sqlite:///var/lib/auroch/state.db' --listen-address unix:///run/auroch.sock
  auroch restore snapshot.db --data-dir /var/lib/auroch
  auroch copy --from 'sqlite:///var/lib/auroch/auroch.db' --to 'postgres://user@host/database'
  auroch completions bash > /etc/bash_completion.d/auroch";

/// An etcd v3 API server on one database: SQLite or sled, compiled in, or PostgreSQL. Without flags it serves on 127.0.0.1:2379, and keeps its data
/// in the folder auroch-data
#[derive(Debug, Parser)]
#[command(
    name = "auroch",
    version = LONG_VERSION,
    after_help = AFTER_HELP,
    next_line_help = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
struct Auroch {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Other>,
}

/// What the program does beside serving.
#[derive(Debug, Subcommand)]
enum Other {
    Restore(RestoreFlags),
    Copy(CopyFlags),
    /// Prints what makes a shell complete the flags
    Completions(Completions),
}

#[derive(Debug, Args)]
struct Completions {
    /// The shell
    shell: Shell,
}

/// What the arguments and the environment ask for.
pub(super) fn parse(args: Vec<OsString>, env: &Environment) -> Result<Action, clap::Error> {
    let mut command = ignored::accept(go::flags(Auroch::command()));
    let matches = command.try_get_matches_from_mut(&args)?;
    let given = Auroch::from_arg_matches(&matches)?;
    match given.command {
        Some(Other::Restore(flags)) => Ok(Action::Restore(Box::new(flags))),
        Some(Other::Copy(flags)) => Ok(Action::Copy(flags)),
        Some(Other::Completions(Completions { shell })) => Ok(Action::Say(completions(shell))),
        None => serve(command, args, env),
    }
}

fn serve(mut command: clap::Command, args: Vec<OsString>, env: &Environment) -> Result<Action, clap::Error> {
    let settings = env.settings(&command, PREFIX);
    let variables = setting::arguments(&mut command, &settings)?;
    // What stands later counts: a flag more than a variable.
    let mut args = args.into_iter();
    let args = args.next().into_iter().chain(variables).chain(args);
    let matches = command.try_get_matches_from_mut(args)?;
    let mut config = Config { warnings: ignored::warnings(&matches), ..Config::default() };
    let flags = Auroch::from_arg_matches(&matches)?.flags;
    let applied = ignored::refuse_cluster(&matches).and_then(|()| flags.apply(&mut config));
    applied.map_err(|refused| command.error(ErrorKind::ValueValidation, refused))?;
    Ok(Action::Serve(Box::new(config)))
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut go::flags(Auroch::command()), "auroch", &mut script);
    String::from_utf8(script).expect("the names of flags are text")
}
