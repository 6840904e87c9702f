//! `compare run`: the contenders in alternating rounds.

use std::path::{Path, PathBuf};

use benches::contender::{Contender, Kind, Program, Storage};
use benches::error::HarnessError;
use benches::plan::Plan;
use benches::postgres::Postgres;
use benches::report::{Machine, Report};
use benches::round;
use benches::workload::Workload;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

#[derive(Args)]
pub(crate) struct Run {
    /// The etcd binary; `conformance/go/run tools` builds one where this looks for it.
    #[arg(long, env = "ETCD")]
    etcd: Option<PathBuf>,
    /// The kine binary; `conformance/go/run kine` builds one where this looks for it.
    #[arg(long, env = "KINE")]
    kine: Option<PathBuf>,
    /// The auroch binary [default: the one beside this program]
    #[arg(long, env = "AUROCH")]
    auroch: Option<PathBuf>,
    /// A flag more for auroch; may be given several times.
    #[arg(long, allow_hyphen_values = true)]
    auroch_flag: Vec<String>,
    /// Who takes part: a program, and after a hyphen its storage. A PostgreSQL is started for those that need one.
    #[arg(long, value_delimiter = ',', default_values = ["etcd", "auroch", "null"])]
    contenders: Vec<Kind>,
    /// How many servers of Auroch on one database take part beside one alone, if they can share it.
    #[arg(long, default_value_t = 1)]
    servers: usize,
    /// A server that runs already: a name, `=` and its `http://` URL. All keys below /registry/bench/ are deleted there, before and after.
    #[arg(long, value_parser = endpoint)]
    endpoint: Vec<(String, String)>,
    /// What is measured [default: everything]
    #[arg(long, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Do little of everything, in seconds for each contender: shows that all works, not how fast.
    #[arg(long)]
    quick: bool,
    /// Leave out the restart at the end.
    #[arg(long)]
    no_restart: bool,
    /// How often everybody has a turn [default: 3, or 1 if quick]
    #[arg(long)]
    rounds: Option<usize>,
    /// Keys written [default: 20000, or 500 if quick]
    #[arg(long)]
    keys: Option<usize>,
    /// Size of a value.
    #[arg(long, default_value_t = 1024)]
    value_bytes: usize,
    /// HTTP/2 connections.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests in flight at a time.
    #[arg(long, default_value_t = 64)]
    workers: usize,
    /// Watchers [default: 100, or 10 if quick]
    #[arg(long)]
    watchers: Option<usize>,
    /// Requests in a second where they come at fixed times (open loop) [default: 500, or 200 if quick]
    #[arg(long)]
    arrival_rate: Option<f64>,
    /// Nodes of the cluster whose mix of requests is sent [default: 500, or 100 if quick]
    #[arg(long)]
    nodes: Option<usize>,
    /// Where the contenders' directories are made: on the disk to be measured.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Where to write everything as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// Where to write it as a page with charts.
    #[arg(long)]
    pub(crate) html: Option<PathBuf>,
}

impl Run {
    /// Measures all that is asked for.
    pub(crate) async fn report(&self) -> Result<Report, HarnessError> {
        let plan = self.plan();
        let machine = Machine::this();
        let mut contenders = Vec::new();
        for kind in self.kinds() {
            let flags = if kind.is_auroch() { self.auroch_flag.clone() } else { Vec::new() };
            let program = self.program(&kind)?;
            contenders.push(Contender::new(kind, program, flags).await?);
        }
        for (name, endpoint) in &self.endpoint {
            contenders.push(Contender::elsewhere(name, endpoint).await?);
        }
        let postgres = match contenders.iter().any(|contender| contender.kind.storage == Storage::Postgres) {
            true => Some(settings(&self.directory).await?),
            false => None,
        };
        let turns = self.rounds.unwrap_or(if self.quick { 1 } else { 3 });
        let steps = contenders.iter().map(|contender| plan.steps(&contender.kind.program)).sum::<usize>() * turns;
        let progress = ProgressBar::new(steps as u64).with_style(style());
        let mut rounds = Vec::new();
        for number in 0..turns {
            let mut round = Vec::new();
            // Who comes first changes, so that nobody always finds the machine as the same other left it.
            let first = number % contenders.len();
            for contender in contenders[first..].iter().chain(&contenders[..first]) {
                if progress.is_hidden() {
                    eprintln!("round {} of {}: {}", number + 1, turns, contender.kind);
                }
                rustix::fs::sync();
                round.push(round::run(contender, &plan, &self.directory, &progress).await?);
            }
            rounds.push(round);
        }
        Ok(Report { machine, plan, postgres, contenders, rounds })
    }

    /// Who takes part, each alone, and those that can with several servers.
    fn kinds(&self) -> Vec<Kind> {
        let several = |kind: &Kind| kind.program == Program::Auroch && kind.storage.is_shared() && self.servers > 1;
        let groups = self.contenders.iter().filter(|kind| several(kind)).map(|kind| kind.with_servers(self.servers));
        self.contenders.iter().cloned().chain(groups).collect()
    }

    fn plan(&self) -> Plan {
        let defaults =
            if self.quick { Plan::quick(self.keys.unwrap_or(500)) } else { Plan::of_keys(self.keys.unwrap_or(20_000)) };
        Plan {
            value_bytes: self.value_bytes,
            connections: self.connections,
            workers: self.workers,
            watchers: self.watchers.unwrap_or(defaults.watchers),
            arrival_rate: self.arrival_rate.unwrap_or(defaults.arrival_rate),
            nodes: self.nodes.unwrap_or(defaults.nodes),
            workloads: if self.only.is_empty() { defaults.workloads } else { self.only.clone() },
            restart: !self.no_restart,
            ..defaults
        }
    }

    fn program(&self, kind: &Kind) -> Result<PathBuf, HarnessError> {
        let this = std::env::current_exe()?;
        let (given, default) = match kind.program {
            Program::Null | Program::Elsewhere(_) => return Ok(this),
            Program::Auroch | Program::AurochAuth => (&self.auroch, this.with_file_name("auroch")),
            Program::Etcd => (&self.etcd, built("etcd")),
            Program::Kine | Program::KineSync => (&self.kine, built("kine")),
        };
        let program = given.clone().unwrap_or(default);
        Ok(program.canonicalize().unwrap_or(program))
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed} of {duration}  {msg}");
    style.expect("the template is well-formed")
}

/// `NAME=URL`.
fn endpoint(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("expected NAME=URL")?;
    Ok((name.to_owned(), url.to_owned()))
}

/// Of a PostgreSQL as contenders get it.
async fn settings(directory: &Path) -> Result<String, HarnessError> {
    let postgres = Postgres::start(directory).await?;
    let settings = postgres.settings().await?;
    postgres.stop().await?;
    Ok(settings)
}

/// Where `conformance/go/run` puts the `program` that it builds.
fn built(program: &str) -> PathBuf {
    let path = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = || path("XDG_CACHE_HOME").or_else(|| Some(path("HOME")?.join(".cache")));
    let bin = path("AUROCH_BIN").or_else(|| Some(cache()?.join("auroch/bin")));
    bin.unwrap_or_default().join(program)
}
