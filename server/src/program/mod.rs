//! The program: configuration, logs, storage, listeners, signals, and an end that says what was wrong.

mod copy;
mod endpoints;
mod logs;
mod memory;
mod restore;
mod signals;
mod storage;
mod tls;

use std::io::Write as _;
use std::process::ExitCode;

use storage_core::{Durability, Store};
use tokio::runtime::{Builder, Runtime};

use crate::config::{self, Action, Config, Environment};
use crate::listen::ListenError;
use crate::serve::{self, Endpoint};
use crate::tls::TlsError;
use crate::traces::{TraceError, Traces};

/// Threads that run tasks, at least: one that does something long must not stop the rest.
const MIN_WORKERS: usize = 2;
/// Nothing here goes deep, and the depth of a transaction is limited by its decoder, but the frames of futures are large where
/// nothing is optimised: connecting to a database takes more than a MiB. What is not touched takes no memory.
const STACK_BYTES: usize = 4 << 20;

/// Why the program did not start or end well. Each says what to do.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot start threads: {0}")]
    Runtime(std::io::Error),
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Storage(#[from] storage::StorageError),
    #[error(transparent)]
    Traces(#[from] TraceError),
    #[error("restore: {0}")]
    Restore(#[from] restore::RestoreFailure),
    #[error("copy: {0}")]
    Copy(#[from] copy::CopyFailure),
    #[error("the storage was not closed well: {0}")]
    Close(storage_core::StoreError),
}

/// Runs the program with the arguments and the environment of the process.
#[must_use]
pub fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let config = match config::parse(args, &Environment::of_process()) {
        Ok(Action::Serve(config)) => *config,
        Ok(Action::Restore(flags)) => return run(restore::restore(*flags)),
        Ok(Action::Copy(flags)) => return run(copy::copy(flags)),
        Ok(Action::Say(text)) => return say(&text),
        Err(message) => {
            let _ = message.print();
            return ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2));
        }
    };
    logs::start(config.log);
    run(serve(config))
}

fn run(work: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    end(runtime().and_then(|runtime| runtime.block_on(work)))
}

fn end(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Also for those who have turned logs down.
            #[expect(clippy::print_stderr, reason = "the program's last word to whoever started it")]
            {
                eprintln!("auroch: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Prints what was asked for.
fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn runtime() -> Result<Runtime, Failure> {
    let cores = std::thread::available_parallelism().map_or(MIN_WORKERS, std::num::NonZero::get);
    Builder::new_multi_thread()
        .worker_threads(cores.max(MIN_WORKERS))
        .thread_stack_size(STACK_BYTES)
        .thread_name("auroch")
        .enable_all()
        .build()
        .map_err(Failure::Runtime)
}

/// Listeners come first: where one cannot be had, nothing is touched.
async fn serve(mut config: Config) -> Result<(), Failure> {
    let shutdown = signals::shutdown().map_err(Failure::Signals)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), emulates = %config.server.version, "auroch starts");
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let tls = tls::load(&endpoints::urls(&config), &config.tls)?;
    let endpoints = endpoints::bind(&config, tls.as_ref()).await?;
    if config.server.member.client_urls.is_empty() {
        config.server.member.client_urls = endpoints::client_urls(&endpoints);
    }
    config.server.snapshot_dir = storage::directory(&config.storage);
    let store = storage::open(&config.storage, config.store).await?;
    announce(&config.storage, &store, &endpoints);
    tokio::spawn(memory::give_back());
    let traces = config.traces.as_ref().map(Traces::export).transpose()?;
    config.server.traces.clone_from(&traces);
    let closed = serve::run(endpoints, store, config.server, shutdown).await;
    if let Some(traces) = traces {
        traces.shutdown().await;
    }
    closed.map_err(Failure::Close)?;
    tracing::info!("auroch has stopped");
    Ok(())
}

/// What a person who starts the program wants to know.
fn announce(storage: &config::Storage, store: &Store, endpoints: &[Endpoint]) {
    let status = store.status();
    tracing::info!(
        storage = %storage.place,
        revision = status.revision.0,
        keys = status.keys,
        bytes = status.size.allocated,
        quota_bytes = status.quota_bytes,
        "the data is loaded"
    );
    match status.backend.durability {
        Durability::Fsync => tracing::info!("durability: every write is synced to the disk before it is answered"),
        Durability::OsCache => {
            tracing::warn!("durability: WEAKENED, writes are answered before they are synced to the disk");
        }
        Durability::None => tracing::warn!("durability: NONE, all data is lost when the server ends"),
    }
    endpoints::announce(endpoints);
    tracing::info!("ready to serve client requests");
}
