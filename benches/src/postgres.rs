//! A private PostgreSQL: made anew for each contender that needs one, with initdb's defaults, gone with it.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::error::HarnessError;
use crate::proc::Process;

/// Where Debian puts the programs that are not for everybody's path.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// PostgreSQL refuses to run as root; then it runs as this user, whom every system has.
const NOBODY: u32 = 65534;
const START_PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// By default kine opens as many as it has requests, more than the 100 that PostgreSQL takes unless told.
const MORE_CONNECTIONS: &str = "max_connections=300";
const DATABASE: &str = "bench";

/// Ends with its standard input, that is, with the harness, however that ends.
const WATCHED: &str = r#""$@" & pid=$!; echo $pid; cat >/dev/null; kill -QUIT $pid; wait $pid"#;
/// What matters to a reader of the figures, and whatever is not as PostgreSQL comes.
const SETTINGS: &str = "SELECT string_agg(name || '=' || current_setting(name), ' ' ORDER BY name) FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'shared_buffers', 'max_connections')";

/// A running cluster with one empty database.
#[derive(Debug)]
pub struct Postgres {
    directory: TempDir,
    dsn: String,
    watcher: Child,
    process: Process,
}

impl Postgres {
    /// Makes and starts one in a directory below `parent`.
    ///
    /// # Errors
    /// If PostgreSQL is not installed or does not start.
    pub async fn start(parent: &Path) -> Result<Self, HarnessError> {
        let directory = tempfile::Builder::new().prefix("postgres").tempdir_in(parent)?;
        if is_root() {
            chown(directory.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let data = data_in(&directory).display().to_string();
        run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]).await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (watcher, process) = spawn(&directory, port).await?;
        let dsn = format!("postgres://postgres@127.0.0.1:{port}/{DATABASE}");
        let postgres = Self { directory, dsn, watcher, process };
        postgres.await_answer(port).await?;
        Ok(postgres)
    }

    /// The DSN of its database.
    #[must_use]
    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    /// Its main process, the parent of all others.
    #[must_use]
    pub fn process(&self) -> Process {
        self.process
    }

    /// Where its files are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        data_in(&self.directory)
    }

    /// Its version, and the settings that matter.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn settings(&self) -> Result<String, HarnessError> {
        let version = run("postgres", &["--version"]).await?;
        let settings = run("psql", &["-X", "-A", "-t", "-d", &self.dsn, "-c", SETTINGS]).await?;
        Ok(format!("{version}: {settings}"))
    }

    /// Ends it at once.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub async fn stop(mut self) -> Result<(), HarnessError> {
        drop(self.watcher.stdin.take());
        self.watcher.wait().await?;
        Ok(())
    }

    async fn await_answer(&self, port: u16) -> Result<(), HarnessError> {
        let deadline = Instant::now() + START_PATIENCE;
        let port = port.to_string();
        while let Err(error) = run("createdb", &["-h", "127.0.0.1", "-p", &port, "-U", "postgres", DATABASE]).await {
            if Instant::now() > deadline {
                return Err(error);
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

fn data_in(directory: &TempDir) -> PathBuf {
    directory.path().join("data")
}

/// Starts the server; answers what ends it, and its own process.
async fn spawn(directory: &TempDir, port: u16) -> Result<(Child, Process), HarnessError> {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let sockets = directory.path().display().to_string();
    let mut command = Command::new("sh");
    command.args(["-c", WATCHED, "sh"]).arg(program("postgres")).arg("-D").arg(data_in(directory));
    command.args(["-p", &port.to_string(), "-k", &sockets, "-c", "listen_addresses=127.0.0.1"]);
    command.args(["-c", MORE_CONNECTIONS]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(directory.path().join("log"))?);
    let mut watcher = as_its_user(&mut command).spawn()?;
    let output = watcher.stdout.take().expect("it is piped");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).await?;
    let pid = line.trim().parse().map_err(|_| HarnessError::unexpected("the shell does not say what it started"))?;
    Ok((watcher, Process::new(pid)))
}

async fn run(name: &str, args: &[&str]) -> Result<String, HarnessError> {
    let output = as_its_user(Command::new(program(name)).args(args)).output().await;
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HarnessError::unexpected(format!("{name} is missing: install PostgreSQL 15")),
        _ => HarnessError::Io(error),
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(HarnessError::unexpected(format!("{name} fails: {}", text(&output.stderr))))
    }
}

fn program(name: &str) -> PathBuf {
    let debians = Path::new(PROGRAMS).join(name);
    if debians.exists() { debians } else { name.into() }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn as_its_user(command: &mut Command) -> &mut Command {
    command.current_dir("/");
    if is_root() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_private_postgresql_is_durable_and_its_children_are_counted() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::set_permissions(parent.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let postgres = Postgres::start(parent.path()).await.unwrap();
        let settings = postgres.settings().await.unwrap();
        assert!(settings.contains("fsync=on") && settings.contains("synchronous_commit=on"), "{settings}");
        assert!(postgres.process().children().unwrap().len() > 1, "checkpointer, writer and so on");
        postgres.stop().await.unwrap();
    }
}
