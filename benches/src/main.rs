//! `compare`: etcd, kine, Auroch and a server that does nothing, side by side. `README.md` says how.

mod run;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use benches::error::HarnessError;
use benches::report::Report;
use benches::{html, null_server, table};
use clap::{Args, Parser, Subcommand};

use self::run::Run;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures etcd, kine, Auroch and a server that does nothing, in turn, under a kube-apiserver's requests.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the contenders in alternating rounds and prints a table.
    Run(Box<Run>),
    /// Makes an HTML page of what runs have written as JSON.
    Report(Page),
    /// Compares a run with an earlier one, both as JSON.
    Diff {
        /// The earlier run.
        old: PathBuf,
        /// The later run.
        new: PathBuf,
    },
    /// The floor: a server that answers at once and keeps nothing.
    NullServer {
        /// Where to listen.
        #[arg(long)]
        listen: std::net::SocketAddr,
    },
}

#[derive(Args)]
struct Page {
    /// What `run --json` has written: the run that is shown, and others with more or fewer keys that show how it scales.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// Where to write the page.
    #[arg(short, long)]
    output: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Cli::parse().command {
        Command::NullServer { listen } => null_server::serve(tokio::net::TcpListener::bind(listen).await?).await?,
        Command::Diff { old, new } => say(&table::render_diff(&read(&old)?, &read(&new)?))?,
        Command::Report(page) => {
            let reports: Result<Vec<Report>, _> = page.reports.iter().map(|path| read(path)).collect();
            let reports = reports?;
            let (report, others) = reports.split_first().expect("one at least is required");
            std::fs::write(&page.output, html::render(report, others))?;
        }
        Command::Run(run) => {
            let report = run.report().await?;
            if let Some(path) = &run.json {
                std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
            }
            if let Some(path) = &run.html {
                std::fs::write(path, html::render(&report, &[]))?;
            }
            say(&table::render(&report))?;
        }
    }
    Ok(())
}

/// To standard output, whose reader may go.
fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// A report that a run has written.
fn read(path: &Path) -> Result<Report, HarnessError> {
    let json = std::fs::read(path).map_err(|e| HarnessError::unexpected(format!("{}: {e}", path.display())))?;
    serde_json::from_slice(&json).map_err(|e| HarnessError::unexpected(format!("{}: {e}", path.display())))
}
