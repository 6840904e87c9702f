//! etcd's face: its flags, ETCD_ in the environment, its configuration file.
//!
//! Its flags are the program's own, which are named after them, with etcd's defaults where those matter to who expects etcd.

mod file;
mod unknown;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser};

use super::environment::Environment;
use super::flags::Flags;
use super::{Action, Config, go, ignored, setting};

const PREFIX: &str = "ETCD_";

/// The default of `--data-dir`.
const DATA_DIR: &str = "${name}.etcd";

const AFTER_HELP: &str = "\
This is auroch under the name of etcd: one server, which is no member of a cluster. Flags of etcd's that mean nothing here are
accepted with a warning; flags that nobody knows too, unless they may guard something. Every flag may be given in the
environment: ETCD_ and its name in capitals, with underscores. With --config-file, the file alone counts.

Examples:
  etcd --data-dir /var/lib/etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
  etcd --config-file /etc/etcd/etcd.conf.yml";

/// An etcd v3 API server on one database: SQLite, compiled in. Without flags it serves on 127.0.0.1:2379, and keeps its data
/// in the folder default.etcd
#[derive(Debug, Parser)]
#[command(
    name = "etcd",
    bin_name = "etcd",
    disable_version_flag = true,
    after_help = AFTER_HELP,
    next_line_help = true
)]
struct Etcd {
    /// Print the version and exit
    #[arg(long)]
    version: bool,
    /// A file in YAML or JSON that is read instead of all flags and of the environment
    #[arg(long, value_name = "PATH")]
    config_file: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

/// What the arguments and the environment ask for.
pub(super) fn parse(args: Vec<OsString>, env: &Environment) -> Result<Action, clap::Error> {
    let mut command = command();
    let args = go::without_empty_lists(&command, go::double_dashes(args));
    let known = unknown::set_aside(&mut command, args)?;
    let matches = command.try_get_matches_from_mut(&known.args)?;
    let given = Etcd::from_arg_matches(&matches)?;
    let file = given.config_file.or_else(|| env.get("ETCD_CONFIG_FILE").map(PathBuf::from));
    let (settings, mut warnings) = match &file {
        Some(path) if !given.version => {
            let told = file::read(&mut command, path)?;
            (told.settings, told.warnings)
        }
        _ => (env.settings(&command, PREFIX), known.warnings),
    };
    // What stands later counts: a flag more than a variable.
    let mut args = known.args.into_iter();
    let program = args.next();
    let variables = setting::arguments(&mut command, &settings)?;
    let args = program.into_iter().chain(variables).chain(args.filter(|_| file.is_none()));
    let matches = command.try_get_matches_from_mut(args)?;
    warnings.extend(ignored::warnings(&matches));
    if let Some(path) = &file {
        warnings.push(format!("{} is read instead of all flags and of the environment", path.display()));
    }
    let mut config = Config { warnings, ..Config::default() };
    let mut flags = Etcd::from_arg_matches(&matches)?.flags;
    flags.name_data_dir(DATA_DIR);
    let applied = ignored::refuse_cluster(&matches).and_then(|()| flags.apply(&mut config));
    applied.map_err(|refused| command.error(ErrorKind::ValueValidation, refused))?;
    if given.version {
        return Ok(Action::Say(version(&config)));
    }
    Ok(Action::Serve(Box::new(config)))
}

fn command() -> Command {
    let command = Etcd::command().mut_arg("data_dir", |arg| {
        arg.default_value(DATA_DIR)
            .help("Folder of the database, made if it is missing. One that holds an etcd's own data is refused")
    });
    let command = command.mut_arg("log_format", |arg| arg.default_value("json"));
    ignored::accept(go::flags(command.mut_arg("distributed_tracing_service_name", |arg| arg.default_value("etcd"))))
}

/// As scripts read it: by lines.
fn version(config: &Config) -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    let (etcd, auroch) = (config.server.version, env!("CARGO_PKG_VERSION"));
    format!("etcd Version: {etcd}\nGit SHA: auroch {auroch}\nGo Version: none\nGo OS/Arch: {os}/{arch}\n")
}
