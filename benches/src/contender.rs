//! The servers that are measured: how each is started, and one that runs.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::client::Connection;
use crate::error::HarnessError;
use crate::proc::Process;
use crate::shape;

/// How long a server may take to answer its first request.
const START_PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A server to be measured.
#[derive(Clone, Debug, Serialize)]
pub struct Contender {
    /// What it is.
    pub kind: Kind,
    /// Its program.
    pub program: PathBuf,
    /// What it says of its version.
    pub version: String,
    /// Flags beside those that every server of its kind is given.
    pub extra_flags: Vec<String>,
}

/// What a [`Contender`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// etcd, the reference.
    Etcd,
    /// Auroch.
    Auroch,
    /// Auroch with authentication on: each request has a token, and is checked against the permissions of its user.
    AurochAuth,
    /// A server that answers without doing anything: the floor.
    Null,
}

impl Kind {
    /// Its name in tables.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Auroch => "auroch",
            Self::AurochAuth => "auroch, auth",
            Self::Null => "null",
        }
    }

    /// The flags that it is started with, shown as they are.
    fn flags(self, data: &Path, client: SocketAddr, peer: SocketAddr) -> Vec<String> {
        let data = data.display();
        match self {
            Self::Null => vec!["null-server".into(), format!("--listen={client}")],
            Self::Auroch | Self::AurochAuth => {
                vec![format!("--data-dir={data}"), format!("--listen-client-urls=http://{client}")]
            }
            Self::Etcd => vec![
                format!("--data-dir={data}"),
                format!("--listen-client-urls=http://{client}"),
                format!("--advertise-client-urls=http://{client}"),
                format!("--listen-peer-urls=http://{peer}"),
                format!("--initial-advertise-peer-urls=http://{peer}"),
                format!("--initial-cluster=default=http://{peer}"),
                "--log-level=error".into(),
            ],
        }
    }
}

/// A contender that runs. Dropping it kills it and removes what it wrote.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    pid: u32,
    directory: TempDir,
}

impl Contender {
    /// The contender whose program is `program`, which is asked for its version.
    ///
    /// # Errors
    /// If the program does not run.
    pub async fn new(kind: Kind, program: PathBuf, extra_flags: Vec<String>) -> Result<Self, HarnessError> {
        let output = Command::new(&program).arg("--version").output().await;
        let output = output.map_err(|e| HarnessError::unexpected(format!("{}: {e}", program.display())))?;
        let version = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
        Ok(Self { kind, program, version, extra_flags })
    }

    /// What an answered write has survived.
    #[must_use]
    pub fn durability(&self) -> &'static str {
        match self.kind {
            _ if !self.extra_flags.is_empty() => "durable as its flags make it",
            Kind::Etcd => "fdatasync of the WAL before every answer",
            Kind::Auroch | Kind::AurochAuth => "SQLite WAL, synchronous=FULL: fsync before every answer",
            Kind::Null => "keeps nothing",
        }
    }

    /// The command line, with the places that change from run to run left out.
    #[must_use]
    pub fn command(&self) -> String {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut words = vec![self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()];
        words.extend(self.kind.flags(Path::new("DIR"), anywhere, anywhere));
        words.extend(self.extra_flags.iter().cloned());
        words.join(" ")
    }

    /// Starts it in a fresh directory below `parent`, and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn start(&self, parent: &Path) -> Result<Running, HarnessError> {
        let directory = tempfile::Builder::new().prefix(self.kind.title()).tempdir_in(parent)?;
        let (address, peer) = (free_address()?, free_address()?);
        let log_path = directory.path().join("log");
        let log = File::create(&log_path)?;
        let child = Command::new(&self.program)
            .args(self.kind.flags(&directory.path().join("data"), address, peer))
            .args(&self.extra_flags)
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().expect("it has not been waited for");
        let mut running = Running { address, child, pid, directory };
        match running.await_answer().await {
            Ok(()) => Ok(running),
            Err(error) => {
                let log = std::fs::read_to_string(&log_path).unwrap_or_default();
                Err(HarnessError::unexpected(format!("{} did not start: {error}\n{log}", self.kind.title())))
            }
        }
    }
}

impl Running {
    /// The process.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::new(self.pid)
    }

    /// Where it keeps its data; a server that keeps nothing has no such directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Ends it.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub async fn stop(mut self) -> Result<(), HarnessError> {
        Ok(self.child.kill().await?)
    }

    async fn await_answer(&mut self) -> Result<(), HarnessError> {
        let deadline = tokio::time::Instant::now() + START_PATIENCE;
        loop {
            let error = match answers(self.address).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if let Some(status) = self.child.try_wait()? {
                return Err(HarnessError::unexpected(format!("it ended with {status}")));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(error);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn answers(address: SocketAddr) -> Result<(), HarnessError> {
    let connection = Connection::open(address).await?;
    connection.kv().range(shape::count()).await?;
    Ok(())
}

/// An address that nobody listens on at the moment.
fn free_address() -> Result<SocketAddr, HarnessError> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
